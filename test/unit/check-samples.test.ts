import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Asked, checkSamples } from "../../bench/load/check-samples.js";
import { OpensslCa } from "../../bench/peers/openssl-ca.js";
import { ocspRequest } from "../support/ocsp-client.js";
import { openssl } from "../support/openssl.js";

/** What the benches look for in the answers that they sample must be able to fail. openssl makes the answers. */

const dir = mkdtempSync(join(tmpdir(), "sekisho-test-"));
after(() => rmSync(dir, { recursive: true }));
let asked: Asked;
let nonce: Buffer;
let body: Buffer;

before(() => {
  const ca = new OpensslCa(dir, "p256", 2);
  nonce = randomBytes(16);
  const request = ocspRequest(ca.issuer, [ca.serials[0] as Buffer], nonce);
  writeFileSync(join(dir, "request"), request);
  const files = ["-index", ca.path("index"), "-CA", ca.path("ca.pem"), "-nmin", "60"];
  const signer = ["-rsigner", ca.path("delegate.pem"), "-rkey", ca.path("delegate.key")];
  openssl(["ocsp", ...files, ...signer, "-reqin", join(dir, "request"), "-respout", join(dir, "response")]);
  body = readFileSync(join(dir, "response"));
  asked = {
    issuer: ca.issuer,
    requests: [request, ocspRequest(ca.issuer, [ca.serials[1] as Buffer])],
    statuses: ["good"],
  };
});

const check = (changed: { body?: Buffer; nonce?: Buffer; question?: number; asked?: Partial<Asked> }): void =>
  checkSamples(
    [
      {
        question: changed.question ?? 0,
        nonce: (changed.nonce ?? nonce).toString("hex"),
        body: (changed.body ?? body).toString("hex"),
      },
    ],
    { ...asked, ...changed.asked },
  );

test("a right answer passes", () => check({}));

test("an answer about another certificate is found", () => {
  assert.throws(() => check({ question: 1 }), /another CertID/);
});

test("another status is found", () => {
  assert.throws(() => check({ asked: { statuses: ["revoked"] } }), /says good/);
});

test("another nonce is found", () => {
  assert.throws(() => check({ nonce: randomBytes(16) }), /another nonce/);
});

test("a signature over other bytes is found", () => {
  const changed = Buffer.from(body);
  const at = changed.indexOf(nonce);
  changed[at] = (changed[at] as number) ^ 1;
  const nonceNow = changed.subarray(at, at + 16);
  assert.throws(
    () => check({ body: changed, nonce: Buffer.from(nonceNow) }),
    /signature that does not verify/,
  );
});

test("a key that another issuer has certified is found", () => {
  const other = new OpensslCa(mkdtempSync(join(dir, "other-")), "p256", 1);
  assert.throws(
    () => check({ asked: { issuer: { ...other.issuer, subjectName: asked.issuer.subjectName } } }),
    /not certified/,
  );
});

test("an unsigned answer is found", () => {
  assert.throws(() => check({ body: Buffer.of(0x30, 3, 0x0a, 1, 3) }), /OCSP status 3/);
});
