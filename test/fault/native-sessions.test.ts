import assert from "node:assert/strict";
import { after, afterEach, before, suite, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import pkcs11js from "pkcs11js";
import { type Bindings, loadBindings, type TokenSigner } from "../../native-bindings/binding.js";
import { keyIdentifierOf } from "../../src/signer/algorithms.js";
import { openToken, type Pkcs11KeyStore } from "../../src/signer/pkcs11.js";
import { loadModule } from "../../src/signer/pkcs11-module.js";
import type { Signer } from "../../src/signer/signer.js";
import { FaultyToken } from "../support/faulty-token.js";
import { messages, signAndVerify, toBeSigned } from "../support/messages.js";
import { createSoftHsm, type SoftHsm } from "../support/softhsm.js";

const SESSIONS = 4;
const loaded = loadBindings();

/** What becomes of the native threads' sessions when the token hangs, fails, or has no more of them. */
suite("native sessions", { skip: loaded.bindings === undefined ? loaded.reason : false }, () => {
  let hsm: SoftHsm;
  let token: FaultyToken;
  let store: Pkcs11KeyStore;
  let signer: Signer;

  before(() => {
    hsm = createSoftHsm(["faulty"]);
    token = new FaultyToken(hsm.dir, hsm.module);
    Object.assign(process.env, token.env);
    for (const name of ["C_OpenSession", "C_CloseSession", "C_Login", "C_Sign"]) token.calls(name);
    store = openToken({ ...hsm.token("faulty"), module: token.module, sessions: SESSIONS });
    signer = store.generate("key", "p256");
  });
  afterEach(() => {
    for (const name of ["C_OpenSession", "C_Sign", "C_SignInit"]) token.heal(name);
  });
  after(() => {
    store.close();
    token.close();
    hsm.remove();
  });

  const batch = (count: number) => messages(count).map((message) => toBeSigned(message, "sha256"));
  const signs = async (count: number): Promise<void> =>
    assert.deepEqual(await signAndVerify(signer, messages(count)), Array(count).fill(true));
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await wait(2);
  };
  /** A signer apart from the store, with the key's description. */
  const raw = (sessions: number): { own: TokenSigner; sign: (count: number) => Promise<Uint8Array> } => {
    const own = new (loaded.bindings as Bindings).TokenSigner(token.module, sessions);
    const key = {
      slot: loadModule({ module: token.module, softhsm2Conf: hsm.softhsm2Conf }).slotOf("faulty"),
      identifier: keyIdentifierOf(signer.subjectPublicKeyInfo),
      mechanism: pkcs11js.CKM_ECDSA,
      prefix: Buffer.alloc(0),
      digestOctets: 32,
      signatureOctets: 64,
    };
    return { own, sign: (count) => own.sign(key, Buffer.alloc(32 * count)) };
  };

  test("every session signs at once, and no more than there may be", async () => {
    token.hang("C_Sign");
    const signed = signs(2 * SESSIONS);
    await token.hanging("C_Sign", SESSIONS);
    assert.equal(token.waiting("C_Sign"), SESSIONS);
    token.heal("C_Sign");
    await signed;
  });

  test("while one call hangs the other sessions sign other batches", async () => {
    token.hang("C_Sign", 1);
    const late = signs(1);
    await token.hanging("C_Sign");
    await signs(20);
    token.heal("C_Sign");
    await late;
  });

  test("CKR_ codes are kept; after a fault every session is opened anew, with one login at most", async () => {
    await signs(SESSIONS);
    token.fail("C_Sign", pkcs11js.CKR_DEVICE_ERROR, 1);
    await assert.rejects(signer.sign(batch(SESSIONS)), {
      code: "TOKEN_FAILED",
      message: "C_Sign: CKR_DEVICE_ERROR (0x30)",
    });
    const [opened, logins] = [token.calls("C_OpenSession"), token.calls("C_Login")];
    token.hang("C_Sign");
    const signed = signs(SESSIONS);
    await token.hanging("C_Sign", SESSIONS);
    token.heal("C_Sign");
    await signed;
    assert.equal(token.calls("C_OpenSession"), opened + SESSIONS + 1, "the threads' and this thread's");
    assert.equal(token.calls("C_Login"), logins + 1);
  });

  test("a value that PKCS#11 does not define is named so, with its number", async () => {
    token.fail("C_SignInit", 0x80001234, 2);
    await assert.rejects(signer.sign(batch(1)), {
      code: "TOKEN_FAILED",
      message: "C_SignInit: CKR_VENDOR_DEFINED (0x80001234)",
    });
  });

  test("a token with too few sessions is used with those it gives", async () => {
    const { own, sign } = raw(SESSIONS);
    await sign(1);
    token.fail("C_OpenSession", pkcs11js.CKR_SESSION_COUNT);
    assert.equal((await sign(50)).length, 50 * 64);
    token.heal("C_OpenSession");
    own.close();
  });

  test("a token without any session says so", async () => {
    const { own, sign } = raw(SESSIONS);
    token.fail("C_OpenSession", pkcs11js.CKR_SESSION_COUNT);
    await assert.rejects(sign(50), {
      functionName: "C_OpenSession",
      returnValue: pkcs11js.CKR_SESSION_COUNT,
    });
    own.close();
  });

  test("after close nothing more is signed, what is under way is refused, and the session goes back", async () => {
    const { own, sign } = raw(1);
    token.hang("C_Sign");
    const [signed, closed] = [token.calls("C_Sign"), token.calls("C_CloseSession")];
    const underWay = assert.rejects(sign(3), { returnValue: pkcs11js.CKR_SESSION_CLOSED });
    await token.hanging("C_Sign");
    own.close();
    await underWay;
    assert.equal(token.calls("C_CloseSession"), closed, "the call is still out");
    token.heal("C_Sign");
    await until(() => token.calls("C_CloseSession") > closed);
    assert.equal(token.calls("C_Sign"), signed + 1);
  });

  test("a signer that nobody holds any more gives its sessions back", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const closed = token.calls("C_CloseSession");
    await raw(2).sign(1);
    await until(() => {
      collect();
      return token.calls("C_CloseSession") > closed;
    });
  });

  test("a signer with a batch under way is not collected", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    token.hang("C_Sign");
    const underWay = raw(1).sign(1);
    await token.hanging("C_Sign");
    for (let round = 0; round < 5; round++) {
      collect();
      await new Promise(setImmediate);
    }
    token.heal("C_Sign");
    assert.equal((await underWay).length, 64);
  });
});
