import assert from "node:assert/strict";
import { createHash, randomBytes, verify } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { Config } from "../../src/core/config.js";
import { loadModule } from "../../src/signer/pkcs11-module.js";
import type { Signer } from "../../src/signer/signer.js";
import { TokenThread } from "../../src/signer/token-thread.js";
import { FaultyToken } from "../support/faulty-token.js";
import { createSoftHsm, type SoftHsm, softHsmModule } from "../support/softhsm.js";

/** Calls to a token that hangs are given up, and nothing waits for them (invariant 9, DESIGN section 5). */

const DEADLINES = { callMs: 300, generateMs: 20_000, probeMs: 50 };
const CKR_PIN_INCORRECT = 0xa0;

describe("TokenThread", () => {
  const home = mkdtempSync(join(tmpdir(), "sekisho-thread-"));
  const faulty = new FaultyToken(home, softHsmModule());
  let hsm: SoftHsm;
  let config: Config;
  let thread: TokenThread;
  let signer: Signer;
  before(async () => {
    Object.assign(process.env, faulty.env, { SOFTHSM2_MODULE: faulty.module });
    hsm = createSoftHsm(["token"]);
    const { module, softhsm2Conf, pinFile } = hsm;
    const token = { provider: "pkcs11", label: "token", pinFile };
    config = { production: false, pkcs11: { module, softhsm2Conf }, tokens: { token } } as unknown as Config;
    loadModule({ module, softhsm2Conf });
    thread = new TokenThread(config, "token", DEADLINES);
    signer = await thread.generate("key", "p256");
  });
  afterEach(() => faulty.heal("*"));
  after(() => {
    faulty.close();
    thread.close();
    hsm.remove();
    rmSync(home, { recursive: true });
  });

  const sign = async (): Promise<void> => {
    const message = randomBytes(40);
    const digest = createHash("sha256").update(message).digest();
    const [signature] = await signer.sign([{ digest, chunks: () => [message] }]);
    assert.ok(verify("sha256", message, signer.publicKey, signature as Uint8Array));
  };
  const untilSigned = async (): Promise<void> => {
    for (;;)
      try {
        return await sign();
      } catch (error) {
        assert.equal((error as { code: string }).code, "TOKEN_TIMEOUT");
        await wait(20);
      }
  };

  test("keys are found and listed; the digest alone travels", async () => {
    const [identifier] = await thread.list("key");
    const found = await thread.findSigner(identifier as Uint8Array);
    assert.deepEqual(found?.subjectPublicKeyInfo, signer.subjectPublicKeyInfo);
    assert.equal(await thread.findSigner(randomBytes(20)), undefined);
    assert.equal(signer.needsMessage, false);
    await sign();
  });

  test("a call that hangs is given up with all behind it; the next is refused at once; it heals", async () => {
    faulty.hang("C_Sign");
    const together = await Promise.allSettled([sign(), sign(), thread.list("key")]);
    for (const { status, ...rest } of together)
      assert.deepEqual(
        [status, (rest as { reason: { code: string } }).reason.code],
        ["rejected", "TOKEN_TIMEOUT"],
      );
    assert.ok(thread.hangs);
    const before = faulty.calls("C_Sign");
    await assert.rejects(sign(), { code: "TOKEN_TIMEOUT" });
    assert.equal(faulty.calls("C_Sign"), before, "refused without a call");
    faulty.heal("C_Sign");
    await untilSigned();
    assert.equal(thread.fault, undefined);
  });

  test("a call that never returns: a fresh thread takes over", async () => {
    faulty.hang("C_Sign", 1);
    await assert.rejects(sign(), { code: "TOKEN_TIMEOUT" });
    await untilSigned();
    assert.ok(thread.hangs, "the first call is still out");
    faulty.heal("C_Sign");
    while (thread.hangs) await wait(10);
  });

  test("threads left behind are bounded, however long it lasts", async () => {
    faulty.hang("*");
    await assert.rejects(sign(), { code: "TOKEN_TIMEOUT" });
    await faulty.hanging("*", 3);
    await wait(5 * (DEADLINES.callMs + DEADLINES.probeMs));
    assert.equal(faulty.waiting("*"), 3);
    faulty.heal("*");
    await untilSigned();
  });

  test("a refused PIN is never tried again", async () => {
    const other = new TokenThread(config, "token", DEADLINES);
    faulty.fail("C_Login", CKR_PIN_INCORRECT);
    await assert.rejects(other.open(), { code: "TOKEN_PIN" });
    const tried = faulty.calls("C_Login");
    await assert.rejects(other.open(), { code: "TOKEN_PIN" });
    assert.equal(faulty.calls("C_Login"), tried);
    faulty.heal("C_Login");
    await assert.rejects(other.open(), { code: "TOKEN_PIN" });
    other.close();
  });
});
