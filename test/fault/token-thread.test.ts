import assert from "node:assert/strict";
import { createHash, randomBytes, verify } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { pino } from "pino";
import type { Config } from "../../src/core/config.js";
import type { Signer } from "../../src/signer/signer.js";
import { TokenThread, type TokenTimes } from "../../src/signer/token-thread.js";
import { FaultyToken } from "../support/faulty-token.js";
import { createSoftHsm, type SoftHsm, softHsmModule } from "../support/softhsm.js";

/** Calls to a token that hangs are given up, and nothing waits for them (invariant 9, DESIGN section 5). */

const TIMES: TokenTimes = { call: 1_000, generate: 60_000, retry: 20, fresh: [0, 20, 20] };
const POLL_MS = 5;
const CKR = { deviceError: 0x30, pinIncorrect: 0xa0 } as const;

describe("TokenThread", () => {
  const home = mkdtempSync(join(tmpdir(), "sekisho-thread-"));
  const faulty = new FaultyToken(home, softHsmModule());
  const initialisation = new SharedArrayBuffer(4);
  const logged: { msg: string; nextTryMs?: number }[] = [];
  const log = pino({ level: "warn" }, { write: (line) => logged.push(JSON.parse(line)) });
  let hsm: SoftHsm;
  let config: Config;
  let token: TokenThread;
  let signer: Signer;
  const open = (): TokenThread => new TokenThread(config, "token", initialisation, log, TIMES);
  before(async () => {
    Object.assign(process.env, faulty.env, { SOFTHSM2_MODULE: faulty.module });
    hsm = createSoftHsm(["token"]);
    const { module, softhsm2Conf, pinFile } = hsm;
    const tokens = { token: { provider: "pkcs11", label: "token", pinFile } };
    config = { production: false, pkcs11: { module, softhsm2Conf }, tokens } as unknown as Config;
    // From here on they are counted.
    for (const name of ["C_OpenSession", "C_CloseSession"]) faulty.calls(name);
    token = open();
    signer = await token.generate("key", "p256");
  });
  afterEach(async () => {
    for (const name of ["*", "C_Sign", "C_Initialize", "C_Login", "C_GenerateKeyPair"]) faulty.heal(name);
    await until(() => token.fault === undefined && !token.hangs);
  });
  after(() => {
    faulty.close();
    hsm.remove();
    rmSync(home, { recursive: true });
  });

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await wait(POLL_MS);
  }

  async function sign(key = signer, message = randomBytes(40)): Promise<void> {
    const digest = createHash("sha256").update(message).digest();
    const piece = Buffer.alloc(16);
    // As fileChunks does it: in one buffer that is used again.
    function* chunks() {
      for (let at = 0; at < message.length; at += piece.length)
        yield piece.subarray(0, message.copy(piece, 0, at));
    }
    const [signature] = await key.sign([{ digest, chunks }]);
    assert.ok(verify("sha256", message, key.publicKey, signature as Uint8Array));
  }

  test("keys are found, listed and used", async () => {
    const [identifier] = await token.list("key");
    const found = await token.findSigner(identifier as Uint8Array);
    assert.deepEqual(found?.subjectPublicKeyInfo, signer.subjectPublicKeyInfo);
    assert.equal(await token.findSigner(randomBytes(20)), undefined);
    assert.equal(signer.needsMessage, false, "the digest alone travels");
    await sign();
  });

  test("to a token that hashes itself the message travels", async () => {
    faulty.hashesItself(true);
    const hashing = open();
    const key = await hashing.generate("hashing", "rsa2048");
    assert.equal(key.needsMessage, true);
    await sign(key, randomBytes(1_000));
    await hashing.close();
    faulty.hashesItself(false);
  });

  test("a call that hangs is given up with all behind it; the next is refused at once; it heals by itself", async () => {
    faulty.hang("C_Sign");
    const together = await Promise.allSettled([sign(), sign(), token.list("key")]);
    assert.deepEqual(
      together.map((result) => result.status === "rejected" && result.reason.code),
      Array(3).fill("TOKEN_TIMEOUT"),
    );
    // The fresh thread's probe needs no C_Sign.
    await until(() => token.fault === undefined);
    assert.ok(token.hangs, "the first call is still out");
    faulty.hang("*");
    await assert.rejects(sign(), { code: "TOKEN_TIMEOUT" });
    const calls = faulty.calls("C_Sign");
    await assert.rejects(sign(), { code: "TOKEN_TIMEOUT" });
    await assert.rejects(token.generate("never", "p256"), { code: "TOKEN_TIMEOUT" });
    assert.equal(faulty.calls("C_Sign"), calls, "refused without a call");
    assert.match(String(token.fault), /does not answer, for \d+ s/);
    faulty.heal("C_Sign");
    faulty.heal("*");
    await until(() => token.fault === undefined);
    await sign();
    await until(() => !token.hangs);
  });

  test("a call that never returns: a fresh thread takes over", async () => {
    faulty.hang("C_Sign", 1);
    await assert.rejects(sign(), { code: "TOKEN_TIMEOUT" });
    await until(() => token.fault === undefined);
    assert.ok(token.hangs, "the call is still out");
    await sign();
  });

  test("the threads that are left to late calls are few, however long it lasts", async () => {
    const from = logged.length;
    const writtenOff = () => logged.slice(from).filter(({ msg }) => /is late/.test(msg));
    faulty.hang("*");
    await assert.rejects(sign(), { code: "TOKEN_TIMEOUT" });
    await until(() => writtenOff().length === TIMES.fresh.length + 1);
    assert.deepEqual(
      writtenOff().map(({ nextTryMs }) => nextTryMs),
      [...TIMES.fresh, undefined],
    );
    faulty.heal("*");
    await until(() => token.fault === undefined);
    await sign();
  });

  test("calls that wait their turn behind a slow one are not late", async () => {
    faulty.delay("C_GenerateKeyPair", 2 * TIMES.call);
    await Promise.all([token.generate("slow", "p256"), sign(), token.list("key")]);
  });

  test("a key that comes too late is found by the next attempt", async () => {
    const impatient = new TokenThread(config, "token", initialisation, log, { ...TIMES, generate: 100 });
    await impatient.list("late");
    faulty.hang("C_GenerateKeyPair");
    await assert.rejects(impatient.generate("late", "p256"), { code: "TOKEN_TIMEOUT" });
    faulty.heal("C_GenerateKeyPair");
    await until(() => !impatient.hangs && impatient.fault === undefined);
    assert.equal((await impatient.list("late")).length, 1);
    await impatient.close();
  });

  test("what one key refuses is not the token's fault; what every call fails with is, until it works again", async () => {
    faulty.fail("C_Sign", CKR.deviceError, 1);
    await assert.rejects(sign(), { code: "TOKEN_FAILED" });
    await sign();
    assert.ok(token.fault === undefined);
    // Sessions can still be opened and closed: the last test counts them.
    for (const name of ["C_SignInit", "C_FindObjectsInit"]) faulty.fail(name, CKR.deviceError);
    await assert.rejects(sign(), { code: "TOKEN_FAILED" });
    await until(() => token.fault !== undefined);
    assert.match(String(token.fault), /CKR_DEVICE_ERROR.*, for \d+ s/);
    for (const name of ["C_SignInit", "C_FindObjectsInit"]) faulty.heal(name);
    // Nobody calls: it looks by itself.
    await until(() => token.fault === undefined);
  });

  test("a token that hangs while it is opened, from C_Initialize on", async () => {
    faulty.hang("C_Initialize");
    const other = open();
    await assert.rejects(other.list("key"), { code: "TOKEN_TIMEOUT" });
    await sign();
    faulty.heal("C_Initialize");
    await until(() => other.fault === undefined);
    assert.equal((await other.list("key")).length, 1);
    await other.close();
    assert.equal(other.hangs, false);
  });

  test("what production forbids keeps its code, and is not the token's fault", async () => {
    const other = new TokenThread({ ...config, production: true }, "token", initialisation, log, TIMES);
    await assert.rejects(other.list("key"), { code: "KEY_REFUSED" });
    assert.equal(other.fault, undefined);
    await other.close();
  });

  test("a refused PIN is never tried again", async () => {
    const other = open();
    faulty.fail("C_Login", CKR.pinIncorrect);
    await assert.rejects(other.list("key"), { code: "TOKEN_PIN" });
    const tried = faulty.calls("C_Login");
    faulty.heal("C_Login");
    await assert.rejects(other.list("key"), { code: "TOKEN_PIN" });
    assert.equal(faulty.calls("C_Login"), tried);
    assert.match(other.fault as string, /CKR_PIN_INCORRECT/);
    await other.close();
  });

  test("every session is given back, also by threads that were late (runs last)", async () => {
    const open = () => faulty.calls("C_OpenSession") - faulty.calls("C_CloseSession");
    await until(() => open() === 1);
    await token.close();
    assert.equal(token.hangs, false);
    assert.equal(open(), 0);
    await assert.rejects(sign(), { code: "TOKEN_FAILED" });
  });
});
