import assert from "node:assert/strict";
import { createHash, randomBytes, verify } from "node:crypto";
import { once } from "node:events";
import { after, before, beforeEach, describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import pkcs11js from "pkcs11js";
import { openToken, type Pkcs11KeyStore } from "../../src/signer/pkcs11.js";
import type { Signer } from "../../src/signer/signer.js";
import { FaultyToken } from "../support/faulty-token.js";
import { createSoftHsm, type SoftHsm } from "../support/softhsm.js";

/** The faulty PKCS#11 module does what it is told, with the project's own signer on top. */
let hsm: SoftHsm;
let token: FaultyToken;
before(() => {
  hsm = createSoftHsm(["faulty"]);
  token = new FaultyToken(hsm.dir, hsm.module);
  Object.assign(process.env, token.env);
});
after(() => {
  token.close();
  hsm.remove();
});

const SIGNERS = [
  ["its own session", undefined],
  ["native threads", 4],
] as const;

for (const [who, sessions] of SIGNERS)
  describe(`faulty token, signing with ${who}`, () => {
    let keys: Pkcs11KeyStore;
    let signer: Signer;

    before(() => {
      keys = openToken({ ...hsm.token("faulty"), module: token.module, sessions });
      signer = keys.generate("key", "p256");
    });
    beforeEach(() => {
      for (const name of ["C_Sign", "C_SignInit", "*"]) token.heal(name);
    });
    after(() => keys.close());

    async function signs(): Promise<boolean> {
      const message = randomBytes(32);
      const digest = createHash("sha256").update(message).digest();
      const [signature] = await signer.sign([{ digest, chunks: () => [message] }]);
      return verify("sha256", message, signer.publicKey, signature as Uint8Array);
    }

    test("it forwards", async () => {
      const calls = token.calls("C_Sign");
      assert.equal(await signs(), true);
      assert.equal(token.calls("C_Sign"), calls + 1);
    });

    test("it fails with the chosen value, as often as it was told", async () => {
      token.fail("C_Sign", pkcs11js.CKR_DEVICE_ERROR, 2);
      for (let round = 0; round < 2; round++)
        await assert.rejects(signs(), { code: "TOKEN_FAILED", message: /C_Sign: CKR_DEVICE_ERROR/ });
      assert.equal(await signs(), true);
    });

    test("an invalid session handle: the signer opens another session", async () => {
      token.fail("C_SignInit", pkcs11js.CKR_SESSION_HANDLE_INVALID, 1);
      assert.equal(await signs(), true);
    });

    test("every function fails", async () => {
      token.fail("*", pkcs11js.CKR_GENERAL_ERROR);
      await assert.rejects(signs(), { code: "TOKEN_FAILED", message: /CKR_GENERAL_ERROR/ });
    });

    test("the token vanishes: no slot, no session; back again it wants a login, which the signer makes", async () => {
      assert.equal(await signs(), true);
      token.vanish();
      await assert.rejects(signs(), { message: /CKR_DEVICE_REMOVED/ });
      await assert.rejects(signs(), { code: "TOKEN_MISSING" });
      token.comeBack();
      const logins = token.calls("C_Login");
      assert.equal(await signs(), true);
      assert.equal(token.calls("C_Login"), logins + 1);
    });

    test("a call hangs in its thread until it is released; others go on", async () => {
      const settings = { ...hsm.token("faulty"), module: token.module, sessions };
      const [keyIdentifier] = keys.list("key");
      const worker = new Worker(new URL("../support/signing-worker.js", import.meta.url), {
        workerData: { settings, keyIdentifier },
      });
      assert.deepEqual(await once(worker, "message"), ["ready"]);
      token.hang("C_Sign", 1);
      const answer = once(worker, "message");
      worker.postMessage(1);
      await token.hanging("C_Sign");
      assert.equal(await signs(), true);
      token.heal("C_Sign");
      assert.deepEqual(await answer, [1]);
      worker.postMessage(0);
      await once(worker, "exit");
    });
  });
