import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CRL_REASON } from "../../src/crl/reason.js";
import { changeStatus } from "../../src/issuer/change-status.js";
import { createCa } from "../../src/issuer/create-ca.js";
import { issueCertificate } from "../../src/issuer/issue.js";
import { errorResponse } from "../../src/ocsp/response.js";
import type { KeyStore, Signer } from "../../src/signer/signer.js";
import { rowKey } from "../../src/store/layout.js";
import type { Certificate } from "../../src/x509/certificate.js";
import { randomSerial } from "../../src/x509/serial.js";
import { type Answered, answererOf } from "../support/batch.js";
import { makeRequest } from "../support/certification-request.js";
import {
  enrol,
  type Installation,
  makeInstallation,
  TestClock,
  withSubordinateCa,
} from "../support/installation.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";
import { TestCa } from "../support/test-ca.js";

/** The hot path's worker side, without workers. */

const DAY = 86_400;

describe("BatchAnswerer", () => {
  const clock = new TestClock();
  let installation: Installation;
  let answer: (...requests: Uint8Array[]) => Promise<Answered[]>;
  let good: Certificate;
  let revoked: Certificate;
  let held: Certificate;
  before(async () => {
    installation = await makeInstallation(withSubordinateCa, clock);
    const { context, keyStore, root } = installation;
    await createCa(context, keyStore("sub"), "sub");
    answer = answererOf(installation);
    [good, revoked, held] = [
      await installation.issue(),
      await installation.issue(),
      await installation.issue(),
    ];
    await changeStatus(
      context.status,
      root.issuer,
      [
        { act: "revoke", serial: revoked.serialNumber, reason: CRL_REASON.superseded, invalidityDate: 0 },
        { act: "hold", serial: held.serialNumber },
      ],
      clock.seconds,
    );
  });
  after(() => installation.close());

  const ask = (certificates: readonly Certificate[], nonce?: Uint8Array) =>
    ocspRequest(
      installation.root.certificate,
      certificates.map(({ serialNumber }) => serialNumber),
      nonce,
    );
  const one = async (request: Uint8Array): Promise<Answered> => (await answer(request))[0] as Answered;

  async function unsigned(request: Uint8Array, outcome: "malformedRequest" | "unauthorized" | "tryLater") {
    const { response, answer: told } = await one(request);
    assert.deepEqual(response, errorResponse(outcome));
    assert.deepEqual([told.outcome, told.cacheable, told.nextUpdate, told.rows], [outcome, false, 0, []]);
  }

  test("before a delegate is enrolled: tryLater, also for serials never issued", async () => {
    await unsigned(ask([good]), "tryLater");
    await unsigned(ocspRequest(installation.root.certificate, [randomSerial()]), "tryLater");
    await enrol(installation);
    assert.equal((await one(ask([good]))).answer.outcome, "good");
  });

  test("good, revoked and held, with the rows they speak about", async () => {
    const { issuer } = installation.root;
    for (const [certificate, status] of [
      [good, "good"],
      [revoked, "revoked"],
      [held, "revoked"],
    ] as const) {
      const { response, answer: told } = await one(ask([certificate]));
      assert.equal(statusIn(response, certificate.serialNumber), status);
      assert.deepEqual([told.outcome, told.cacheable], [status, true]);
      assert.deepEqual(told.rows, [rowKey(issuer, certificate.serialNumber).toString("latin1")]);
      assert.deepEqual([told.thisUpdate, told.nextUpdate - told.thisUpdate], [clock.seconds, 4 * DAY]);
    }
    // ENUMERATED 4 and 6 in [0]: superseded, certificateHold.
    assert.ok((await one(ask([revoked]))).response.includes(Buffer.from("a0030a0104", "hex")));
    assert.ok((await one(ask([held]))).response.includes(Buffer.from("a0030a0106", "hex")));
  });

  test("a serial that nobody issued is unknown and not kept (invariant 4, B9)", async () => {
    for (const serial of [randomSerial(), Buffer.alloc(64, 0x7f)]) {
      const { response, answer: told } = await one(ocspRequest(installation.root.certificate, [serial]));
      assert.equal(statusIn(response, serial), "unknown");
      assert.deepEqual([told.outcome, told.cacheable, told.rows], ["unknown", false, []]);
    }
  });

  test("zero and negative serials are unknown (P8)", async () => {
    const request = ask([good]);
    for (const integer of ["0201 00", "0201 ff"]) {
      const serial = Buffer.from(integer.replace(" ", ""), "hex");
      const zero = replaceSerial(request, good.serialNumber, serial);
      assert.equal((await one(zero)).answer.outcome, "unknown");
    }
  });

  test("several CertIDs: one answer about all, the worst outcome counted (A11)", async () => {
    const { response, answer: told } = await one(ask([good, revoked, held]));
    assert.deepEqual(
      [good, revoked, held].map(({ serialNumber }) => statusIn(response, serialNumber)),
      ["good", "revoked", "revoked"],
    );
    assert.deepEqual([told.outcome, told.rows.length, told.cacheable], ["revoked", 3, false]);
    const stranger = { ...good, serialNumber: randomSerial() };
    for (const order of [
      [stranger, good],
      [good, stranger],
      [revoked, stranger, good],
    ]) {
      const mixed = await one(ask(order));
      assert.deepEqual([mixed.answer.outcome, mixed.answer.cacheable], ["unknown", false]);
    }
  });

  test("issuers that are mixed or unknown, and unknown hash algorithms: unauthorized (A5, A12, P9, P10)", async () => {
    const { context } = installation;
    const sub = context.authorities.get("sub");
    const leaf = (await issueCertificate(context, sub, await makeRequest("leaf.example"), "tls-server"))
      .certificate;
    const ofSub = ocspRequest(sub.certificate, [leaf.serialNumber]);
    assert.equal((await one(ofSub)).answer.outcome, "good");
    await unsigned(joined(ask([good]), ofSub), "unauthorized");
    await unsigned(joined(ofSub, ask([good])), "unauthorized");
    await unsigned(ocspRequest(new TestCa().certificate, [good.serialNumber]), "unauthorized");
    const sameName = { ...installation.root.certificate, subjectPublicKeyBits: new Uint8Array(65) };
    await unsigned(ocspRequest(sameName, [good.serialNumber]), "unauthorized");
    const request = ask([good]);
    const at = request.indexOf(Buffer.from("2b0e03021a", "hex"));
    const md5ish = Buffer.from(request);
    md5ish[at + 4] = 0x1b;
    await unsigned(md5ish, "unauthorized");
  });

  test("what is not a request is malformed, and hurts nobody else in the batch", async () => {
    const request = ask([good]);
    for (const bytes of [Buffer.alloc(1), request.subarray(0, -1), Buffer.concat([request, Buffer.of(0)])])
      await unsigned(bytes, "malformedRequest");
    const outcomes = (
      await answer(Buffer.alloc(3), request, Buffer.from("30030a0101", "hex"), ask([revoked]))
    ).map(({ answer: told }) => told.outcome);
    assert.deepEqual(outcomes, ["malformedRequest", "good", "malformedRequest", "revoked"]);
    assert.deepEqual(await answer(), []);
  });

  test("a nonce is echoed and makes the answer unfit for keeping; a short one is ignored (D1, D3)", async () => {
    const nonce = Buffer.alloc(32, 0xab);
    const { response, answer: told } = await one(ask([good], nonce));
    assert.ok(response.includes(nonce));
    assert.equal(told.cacheable, false);
    const short = await one(ask([good], Buffer.alloc(15, 0xcd)));
    assert.ok(!short.response.includes(Buffer.alloc(15, 0xcd)));
    assert.equal(short.answer.cacheable, false);
    await unsigned(ask([good], Buffer.alloc(129)), "malformedRequest");
  });

  test("nextUpdate never passes the delegate's or the issuer's notAfter; after it tryLater (C9, C12, invariant 2)", async () => {
    const delegates = installation.context.status.reader.delegates();
    assert.ok(delegates.length > 0);
    const probe = await one(ask([good]));
    const life = 30 * DAY;
    const late = new TestClock(clock.nowMs() + (life - DAY) * 1000);
    const [near] = await answererOf(installation, late)(ask([good]));
    assert.ok((near?.answer.nextUpdate as number) <= probe.answer.thisUpdate + life);
    assert.ok((near?.answer.nextUpdate as number) - late.seconds <= DAY);
    assert.ok((near?.answer.maxAge as number) <= (near?.answer.nextUpdate as number) - late.seconds);
    const expired = new TestClock(clock.nowMs() + life * 1000);
    const [after] = await answererOf(installation, expired)(ask([good]));
    assert.equal(after?.answer.outcome, "tryLater");
    const early = new TestClock(clock.nowMs() - DAY * 1000);
    const [before] = await answererOf(installation, early)(ask([good]));
    assert.equal(before?.answer.outcome, "tryLater");
  });

  test("a key that fails costs its own issuer's requests only", async () => {
    const { context, keyStore } = installation;
    const broken: Signer["sign"] = () => Promise.reject(new Error("token lost"));
    const rootKey = keyStore("ocsp").list("ocsp-root").map(String);
    const keys = (token: string): KeyStore => ({
      ...keyStore(token),
      findSigner: (identifier) => {
        const signer = keyStore(token).findSigner(identifier);
        return signer && rootKey.includes(String(identifier)) ? { ...signer, sign: broken } : signer;
      },
    });
    const sub = context.authorities.get("sub");
    const ofSub = ocspRequest(sub.certificate, [randomSerial()]);
    const answers = await answererOf(installation, clock, keys)(
      ask([good]),
      ofSub,
      Buffer.alloc(1),
      ask([revoked]),
    );
    assert.deepEqual(
      answers.map(({ answer: told }) => told.outcome),
      ["tryLater", "unknown", "malformedRequest", "tryLater"],
    );
    assert.deepEqual(answers[0]?.response, errorResponse("tryLater"));
  });

  test("the next batch shows what was committed before it", async () => {
    const certificate = await installation.issue();
    assert.equal((await one(ask([certificate]))).answer.outcome, "good");
    const { context, root } = installation;
    await changeStatus(
      context.status,
      root.issuer,
      [{ act: "hold", serial: certificate.serialNumber }],
      clock.seconds,
    );
    assert.equal((await one(ask([certificate]))).answer.outcome, "revoked");
  });
});

/** The request with another INTEGER in place of a serial. Works on short forms: all lengths stay below 128. */
function replaceSerial(request: Buffer, serial: Uint8Array, integer: Uint8Array): Buffer {
  const at = request.indexOf(Buffer.from(serial)) - 3;
  const difference = serial.length + 3 - integer.length;
  const out = Buffer.concat([request.subarray(0, at), integer, request.subarray(at + serial.length + 3)]);
  for (const offset of [1, 3, 5, 7, 9]) out[offset] = (out[offset] as number) - difference;
  return out;
}

/** A request with the CertIDs of two. */
function joined(a: Buffer, b: Buffer): Buffer {
  const list = (request: Buffer) => request.subarray(6);
  const content = Buffer.concat([list(a), list(b)]);
  const header = (length: number) => (length < 128 ? Buffer.of(0x30, length) : Buffer.of(0x30, 0x81, length));
  const requests = Buffer.concat([header(content.length), content]);
  const tbs = Buffer.concat([header(requests.length), requests]);
  return Buffer.concat([header(tbs.length), tbs]);
}
