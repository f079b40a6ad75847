import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { pino } from "pino";
import type { IssuerConfig } from "../../src/core/config.js";
import { SekishoError } from "../../src/core/errors.js";
import { Authorities, type Authority } from "../../src/issuer/authority.js";
import { changeStatus } from "../../src/issuer/change-status.js";
import { createCa } from "../../src/issuer/create-ca.js";
import { enrolResponder, fingerprint, renewDelegates } from "../../src/issuer/enrol.js";
import { Enrolment } from "../../src/responder/enrolment.js";
import { type Certificate, parseCertificate } from "../../src/x509/certificate.js";
import { parseCertificationRequest } from "../../src/x509/certification-request.js";
import { nameText } from "../../src/x509/name-text.js";
import { decodePem } from "../../src/x509/pem.js";
import { makeRequest } from "../support/certification-request.js";
import {
  enrol,
  type Installation,
  makeInstallation,
  silent,
  TestClock,
  withSubordinateCa,
} from "../support/installation.js";

/** How an OCSP key gets its certificate: the first by an operator's fingerprint, the next by the key in force. */

const DAY = 86_400;
const LIFE = 30 * DAY;

describe("enrolment", () => {
  let clock: TestClock;
  let installation: Installation;
  beforeEach(async () => {
    clock = new TestClock();
    installation = await makeInstallation(withSubordinateCa, clock);
  });
  afterEach(() => installation.close());

  const dir = () => installation.config.responder.enrolDir;
  const waiting = () => readdirSync(dir());
  const renew = () => renewDelegates(installation.context, silent);
  const wanted = (hex: string, issuer?: string) => enrolResponder(installation.context, silent, hex, issuer);

  /** The responder looks after its key; returns what it logged. */
  async function check(enrolment = responder()): Promise<string[]> {
    await enrolment.enrolment.check();
    return enrolment.logged.splice(0);
  }
  function responder() {
    const logged: string[] = [];
    const { context, config, keyStore } = installation;
    const log = pino({ level: "info" }, { write: (line) => logged.push(JSON.parse(line).msg) });
    return { logged, enrolment: new Enrolment(context.status.reader, config, keyStore, clock, log) };
  }

  function delegates(): Certificate[] {
    return installation.context.status.reader
      .delegates()
      .map(({ certificate }) => parseCertificate(certificate));
  }
  function keyFingerprint(): string {
    const store = installation.keyStore("ocsp");
    const signer = store.findSigner(store.list("ocsp-root")[0] as Uint8Array);
    return fingerprint(signer?.subjectPublicKeyInfo as Uint8Array);
  }

  /** Enrols, and leaves the request that did it in the directory again, as if it had not been removed. */
  async function enrolledWithRequest(): Promise<void> {
    await check();
    const [name] = waiting();
    const request = readFileSync(join(dir(), name as string));
    await wanted(keyFingerprint(), "root");
    writeFileSync(join(dir(), name as string), request);
  }

  test("a first key waits for an operator who names its fingerprint", async () => {
    const own = responder();
    assert.deepEqual(await check(own), [
      "generating an OCSP key",
      "OCSP key waits for `sekisho responder enrol FINGERPRINT`",
    ]);
    assert.deepEqual(await check(own), [], "announced once");
    assert.equal(waiting().length, 1);
    assert.equal(statSync(join(dir(), waiting()[0] as string)).mode & 0o777, 0o644, "another user reads it");
    assert.deepEqual(await renew(), []);
    await assert.rejects(wanted("00".repeat(32)), { code: "ENROL_UNKNOWN" });
    await assert.rejects(wanted(keyFingerprint(), "sub"), { code: "ENROL_UNKNOWN" });

    const { authority, certificate } = await wanted(keyFingerprint());
    assert.equal(authority.id, "root");
    assert.equal(certificate.notAfter - certificate.notBefore + 1, LIFE);
    assert.equal(delegates().length, 1);
    assert.deepEqual(waiting(), []);
    await assert.rejects(wanted(keyFingerprint()), { code: "ENROL_UNKNOWN" });
  });

  test("the key in force renews itself, in the second half of its life only (no stream of certificates)", async () => {
    await enrolledWithRequest();
    assert.deepEqual(await renew(), []);
    clock.advance(LIFE / 2 - 2);
    assert.deepEqual(await renew(), []);
    clock.advance(2);
    assert.equal((await renew()).length, 1);
    assert.deepEqual(waiting(), []);
    assert.equal(delegates().length, 2);
  });

  test("two passes at once renew once", async () => {
    await enrolledWithRequest();
    clock.advance(LIFE / 2);
    const passes = await Promise.all([renew(), renew()]);
    assert.equal(passes.flat().length, 1);
  });

  test("the responder asks from two thirds of the life on, and stops when it has the new certificate", async () => {
    await enrol(installation);
    clock.advance((LIFE * 2) / 3 - 2);
    assert.deepEqual(await check(), []);
    clock.advance(2);
    assert.deepEqual(await check(), ["OCSP certificate renewal requested"]);
    assert.equal((await renew()).length, 1);
    assert.deepEqual(await check(), []);
    assert.deepEqual(waiting(), []);
  });

  test("an expired key renews nothing: it is announced and enrolled like a first one", async () => {
    await enrol(installation);
    const own = responder();
    clock.advance(LIFE - 2);
    await check(own);
    clock.advance(1);
    assert.deepEqual(await check(own), ["OCSP key waits for `sekisho responder enrol FINGERPRINT`"]);
    assert.deepEqual(await renew(), []);
    await wanted(keyFingerprint(), "root");
    assert.equal(delegates().length, 2);
  });

  test("a revoked delegate's key renews nothing", async () => {
    await enrolledWithRequest();
    clock.advance(LIFE / 2);
    const { context, root } = installation;
    const [delegate] = delegates();
    const serial = delegate?.serialNumber as Uint8Array;
    await changeStatus(
      context.status,
      root.issuer,
      [{ act: "revoke", serial, reason: 1, invalidityDate: 0 }],
      clock.seconds,
    );
    assert.deepEqual(await renew(), []);
  });

  test("a renewal that fails is logged and keeps no other issuer's waiting", async () => {
    const { context, keyStore } = installation;
    await createCa(context, keyStore("sub"), "sub");
    await enrol(installation);
    clock.advance((LIFE * 2) / 3);
    await check();
    const failing = { sign: () => Promise.reject(new Error("token lost")) };
    class Failing extends Authorities {
      override get(id: string): Authority {
        const authority = super.get(id);
        return id === "root" ? { ...authority, signer: { ...authority.signer, ...failing } } : authority;
      }
    }
    const authorities = new Failing(installation.config, context.status.reader, keyStore);
    const renewed = await renewDelegates({ ...context, authorities }, silent);
    assert.deepEqual(
      renewed.map(({ authority }) => authority.id),
      ["sub"],
    );
  });

  test("a token that fails keeps no other issuer's key waiting", async () => {
    const { context, config, keyStore } = installation;
    await createCa(context, keyStore("sub"), "sub");
    const { root } = config.issuers as { root: IssuerConfig };
    const lost = { ...root, ocsp: { ...root.ocsp, token: "lost" } };
    const hangs = () => Promise.reject(new SekishoError("TOKEN_TIMEOUT", "token lost does not answer"));
    const enrolment = new Enrolment(
      context.status.reader,
      { ...config, issuers: { ...config.issuers, root: lost } },
      (token) => (token === "lost" ? { ...keyStore("ocsp"), list: hangs } : keyStore(token)),
      clock,
      silent,
    );
    await assert.rejects(enrolment.check(), { code: "TOKEN_TIMEOUT" });
    assert.deepEqual(
      waiting().map((name) => name.split(".")[0]),
      ["sub"],
    );
  });

  test("files that are no requests are skipped, however many and whatever they are", async () => {
    await check();
    const [good] = waiting();
    const path = (name: string) => join(dir(), name);
    const named = (digit: string) => path(`root.${digit.repeat(40)}.csr`);
    for (let i = 0; i < 300; i++) writeFileSync(path(`!${i}.txt`), "");
    writeFileSync(named("0"), "");
    writeFileSync(
      named("1"),
      "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
    );
    writeFileSync(named("2"), Buffer.alloc(1 << 20, 0x41));
    symlinkSync(path(good as string), named("3"));
    mkdirSync(named("4"));
    execFileSync("mkfifo", [named("5")]);
    copyFileSync(path(good as string), path(`nobody.${"6".repeat(40)}.csr`));
    copyFileSync(path(good as string), path(`..%2froot.${"7".repeat(40)}.csr`));
    writeFileSync(
      named("8"),
      (await makeRequest("changed.example")).replace(/.{10}\n-----END/, "AAAAAAAAAA\n-----END"),
    );
    const skipped: string[] = [];
    const log = pino({ level: "warn" }, { write: (line) => skipped.push(JSON.parse(line).file) });
    await enrolResponder(installation.context, log, keyFingerprint(), "root");
    assert.deepEqual(skipped.sort(), ["0", "1", "2", "3", "4", "5", "8"].map(named));
    assert.equal(delegates().length, 1);
  });

  test("of the request only the key counts: the issuer names its delegate itself", async () => {
    writeFileSync(join(dir(), `root.${"a".repeat(40)}.csr`), await makeRequest("admin.example"));
    const [request] = waiting();
    const parsed = parseCertificationRequest(
      decodePem(readFileSync(join(dir(), request as string)), "CERTIFICATE REQUEST"),
    );
    const { certificate } = await wanted(fingerprint(parsed.subjectPublicKeyInfo));
    assert.match(nameText(certificate.subjectName), /Sekisho Demo Root CA OCSP/);
    assert.doesNotMatch(Buffer.from(certificate.der).toString("latin1"), /admin\.example/);
  });
});

test("a delegate of a CA with a long name is not called like the CA", async (t) => {
  const name = "x".repeat(62);
  const installation = await makeInstallation((text) => text.replace("Sekisho Demo Root CA", name));
  t.after(() => installation.close());
  await enrol(installation);
  const [stored] = installation.context.status.reader.delegates();
  const { subjectName } = parseCertificate(stored?.certificate as Uint8Array);
  assert.match(nameText(subjectName), /x{59} OCSP/);
});
