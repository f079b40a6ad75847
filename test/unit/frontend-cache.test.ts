import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { changeStatus } from "../../src/issuer/change-status.js";
import { errorResponse } from "../../src/ocsp/response.js";
import type { RunBatch } from "../../src/responder/batcher.js";
import type { Certificate } from "../../src/x509/certificate.js";
import { randomSerial } from "../../src/x509/serial.js";
import { workerOf } from "../support/batch.js";
import { enrol, type Installation, makeInstallation, TestClock } from "../support/installation.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";
import { getTarget, TestResponder } from "../support/test-responder.js";

/** What the front end keeps, for how long, and when it forgets (invariants 1 and 2). */

const DAY = 86_400;
const TRY_LATER = errorResponse("tryLater");

describe("cached answers", () => {
  let clock: TestClock;
  let installation: Installation;
  before(async () => {
    clock = new TestClock();
    installation = await makeInstallation(undefined, clock);
    await enrol(installation);
  });
  after(() => installation.close());

  const ask = (certificates: readonly Certificate[], nonce?: Uint8Array) =>
    ocspRequest(
      installation.root.certificate,
      certificates.map(({ serialNumber }) => serialNumber),
      nonce,
    );
  const hold = ({ serialNumber }: Certificate) =>
    changeStatus(
      installation.context.status,
      installation.root.issuer,
      [{ act: "hold", serial: serialNumber }],
      clock.seconds,
    );

  /** A responder that counts what reaches its worker. */
  function counting(run: RunBatch = workerOf(installation)) {
    let requests = 0;
    const responder = new TestResponder(installation, {
      run: (task) => {
        requests += task.ends.length;
        return run(task);
      },
    });
    return { responder, requests: () => requests };
  }

  test("the same request is answered from memory, byte for byte, by POST and by GET in every spelling", async () => {
    const { responder, requests } = counting();
    const request = ask([await installation.issue()]);
    const first = await responder.post(request);
    assert.deepEqual((await responder.post(request)).body, first.body);
    assert.equal(requests(), 1);
    const base64 = request.toString("base64");
    const odd = `/ocsp/%4D${encodeURIComponent(base64.slice(1))}`;
    for (const target of [getTarget(request), getTarget(request), `/ocsp/${base64}`, odd, odd])
      assert.deepEqual((await responder.get(target)).body, first.body);
    assert.equal(requests(), 1);
    assert.deepEqual(responder.counted, [
      "POST good",
      "POST cached",
      ...Array.from({ length: 5 }, () => "GET cached"),
    ]);
    assert.ok(responder.cache.size <= 3, "one entry for the request, and one each for the usual spellings");
  });

  test("a GET of bytes that read like a kept target is malformed", async () => {
    const { responder } = counting();
    const target = getTarget(ask([await installation.issue()]));
    await responder.get(target);
    await responder.get(target);
    const { body } = await responder.get(
      `/ocsp/${encodeURIComponent(Buffer.from(target).toString("base64"))}`,
    );
    assert.equal(body.toString("hex"), "30030a0101");
  });

  test("only a single CertID without anything else is kept: the rest is as many as one likes", async () => {
    const { responder } = counting();
    const certificates = [await installation.issue(), await installation.issue()];
    const { body } = await responder.post(ask(certificates));
    assert.equal(statusIn(body, (certificates[0] as Certificate).serialNumber), "good");
    await responder.post(withExtension(ask(certificates.slice(0, 1)), 9));
    assert.equal(responder.cache.size, 0);
  });

  test("nonces, unknown serials, errors and long requests are not kept", async () => {
    const { responder, requests } = counting();
    const certificate = await installation.issue();
    const long = Buffer.alloc(3_000, 0x30);
    const { root } = installation;
    const signed = [ask([certificate], Buffer.alloc(16, 1)), ocspRequest(root.certificate, [randomSerial()])];
    for (const request of [...signed, Buffer.of(0x30, 0), long])
      for (let i = 0; i < 2; i++) await responder.post(request);
    assert.equal(requests(), 2 * signed.length, "what is malformed reaches no worker");
    assert.equal(responder.cache.size, 0);
  });

  test("a long request that is valid is answered and not kept", async () => {
    const { responder } = counting();
    const certificate = await installation.issue();
    const padded = withExtension(ask([certificate]), 3_000);
    assert.equal(statusIn((await responder.post(padded)).body, certificate.serialNumber), "good");
    assert.equal(responder.cache.size, 0);
  });

  test("a change of any certificate in an answer evicts it (invariant 1)", async () => {
    const { responder, requests } = counting();
    const certificates = await Promise.all([1, 2, 3].map(() => installation.issue()));
    const [, , last] = certificates;
    const request = ask(certificates);
    const other = ask([await installation.issue()]);
    for (const each of [request, other]) await responder.post(each);
    await hold(last as Certificate);
    const { body } = await responder.post(request);
    assert.deepEqual(
      certificates.map(({ serialNumber }) => statusIn(body, serialNumber)),
      ["good", "good", "revoked"],
    );
    await responder.post(other);
    assert.equal(requests(), 3, "the other answer stayed");
  });

  test("an answer that was under way during a change is delivered, but not kept", async () => {
    const certificate = await installation.issue();
    const worker = workerOf(installation);
    const { responder } = counting(async (task) => {
      const result = await worker(task);
      await hold(certificate);
      return result;
    });
    const request = ask([certificate]);
    assert.equal(statusIn((await responder.post(request)).body, certificate.serialNumber), "good");
    assert.equal(responder.cache.size, 0);
  });

  test("renewed by half of its life, never served from memory after it", async () => {
    const { responder, requests } = counting();
    const request = ask([await installation.issue()]);
    await responder.post(request);
    clock.advance(2 * DAY - 1);
    await responder.post(request);
    assert.equal(requests(), 1);
    clock.advance(1);
    await responder.post(request);
    assert.equal(requests(), 2);
  });

  test("an answer whose nextUpdate passed while it waited is not sent (invariant 2)", async () => {
    const worker = workerOf(installation);
    const slow = new TestClock(clock.nowMs());
    const responder = new TestResponder(installation, {
      clock: slow,
      run: async (task) => {
        const result = await worker(task);
        slow.advance(4 * DAY);
        return result;
      },
    });
    assert.deepEqual((await responder.post(ask([await installation.issue()]))).body, TRY_LATER);
    assert.deepEqual(responder.counted, ["POST tryLater"]);
    assert.equal(responder.cache.size, 0);
  });

  test("with a full queue: tryLater, at once and not to be stored (P24)", async () => {
    let died = (_: Error): void => undefined;
    let handOut = (): void => undefined;
    const handedOut = new Promise<void>((resolve) => {
      handOut = resolve;
    });
    const blocked = new TestResponder(installation, {
      maxWaiting: 2,
      run: () =>
        new Promise((_, reject) => {
          died = reject;
          handOut();
        }),
    });
    const requests = await Promise.all([1, 2, 3].map(async () => ask([await installation.issue()])));
    const [first, second, third] = requests.map((request) => blocked.post(request));
    const refused = await third;
    assert.deepEqual(refused?.body, TRY_LATER);
    assert.equal(refused?.fields["cache-control"], "no-cache, no-store");
    await handedOut;
    died(new Error("the worker died"));
    for (const answer of [first, second]) assert.deepEqual((await answer)?.body, TRY_LATER);
  });
});

/** The request with an unknown extension of `octets` octets that is not critical. */
function withExtension(request: Buffer, octets: number): Buffer {
  const wrap = (tag: number, content: Buffer) =>
    Buffer.concat([Buffer.of(tag, 0x82, content.length >> 8, content.length & 0xff), content]);
  const tbs = request.subarray(2);
  const list = tbs.subarray(tbs[1] === 0x81 ? 3 : 2);
  const extension = wrap(
    0x30,
    Buffer.concat([Buffer.from("06032a0304", "hex"), wrap(0x04, Buffer.alloc(octets))]),
  );
  const extensions = wrap(0xa2, wrap(0x30, extension));
  return wrap(0x30, wrap(0x30, Buffer.concat([list, extensions])));
}
