import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { TokenUnavailable } from "../../src/responder/signing-pool.js";
import { enrol, type Installation, makeInstallation, revoke } from "../support/installation.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";
import { getTarget, TestResponder } from "../support/test-responder.js";

/** What is answered when nothing can be signed (invariant 9): never a wrong answer, an old one where it is still valid. */

const UNSIGNED = { tryLater: "30030a0103", unauthorized: "30030a0106", malformedRequest: "30030a0101" };
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("front end without a token", () => {
  let installation: Installation;
  before(async () => {
    installation = await makeInstallation();
    await enrol(installation);
  });
  after(() => installation.close());

  const noToken = () => Promise.reject(new TokenUnavailable("the token does not answer"));
  /** A responder whose token goes away after it was used. */
  const losing = () => {
    const healthy = new TestResponder(installation);
    const lost = new TestResponder(installation, { run: noToken, cache: healthy.cache });
    return { healthy, lost };
  };

  test("kept answers go on; a nonce gets the kept answer without nonce", async () => {
    const { serialNumber } = await installation.issue();
    const { healthy, lost } = losing();
    const issuer = installation.root.certificate;
    const plain = ocspRequest(issuer, [serialNumber]);
    const kept = await healthy.post(plain);
    assert.equal(statusIn(kept.body, serialNumber), "good");
    assert.deepEqual((await lost.post(plain)).body, kept.body);
    const withNonce = await lost.post(ocspRequest(issuer, [serialNumber], randomBytes(16)));
    assert.deepEqual(withNonce.body, kept.body);
  });

  test("a kept answer about a certificate revoked since is not used", async () => {
    const { serialNumber } = await installation.issue();
    const { healthy, lost } = losing();
    const issuer = installation.root.certificate;
    await healthy.post(ocspRequest(issuer, [serialNumber]));
    await revoke(installation, serialNumber);
    for (const nonce of [undefined, randomBytes(16)])
      assert.equal(
        hex((await lost.post(ocspRequest(issuer, [serialNumber], nonce))).body),
        UNSIGNED.tryLater,
      );
  });

  test("nothing kept: tryLater for issued certificates, unauthorized for serials that nobody issued", async () => {
    const { lost } = losing();
    const { serialNumber } = await installation.issue();
    const issuer = installation.root.certificate;
    assert.equal(hex((await lost.post(ocspRequest(issuer, [serialNumber]))).body), UNSIGNED.tryLater);
    assert.equal(hex((await lost.post(ocspRequest(issuer, [randomBytes(16)]))).body), UNSIGNED.unauthorized);
  });

  test("what needs no signature is answered as ever", async () => {
    const { lost } = losing();
    assert.equal(hex((await lost.post(Buffer.of(0x30, 0))).body), UNSIGNED.malformedRequest);
    const foreign = ocspRequest({ ...installation.root.certificate, subjectName: Buffer.of(0x30, 0) }, [
      Buffer.of(1),
    ]);
    assert.equal(hex((await lost.post(foreign)).body), UNSIGNED.unauthorized);
  });

  test("one peer's requests do not fill the queue that all share; its budget comes back with the answers", async () => {
    const { serialNumber } = await installation.issue();
    const issuer = installation.root.certificate;
    const busy = new TestResponder(installation, { peerWaiting: 2 });
    const ask = (peer: string) =>
      busy.send({
        method: "POST",
        target: "/ocsp",
        body: ocspRequest(issuer, [serialNumber], randomBytes(16)),
        peer,
      });
    const asked = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::3"].map(ask);
    const answers = (await Promise.all(asked)).map(({ body }) => statusIn(body, serialNumber));
    assert.deepEqual(answers, ["good", "good", "unsigned", "good"]);
    assert.equal(statusIn((await ask("2001:db8::3")).body, serialNumber), "good");
  });

  test("a store that cannot be read puts requests off, also those with a kept answer (P24)", async () => {
    const { serialNumber } = await installation.issue();
    const request = ocspRequest(installation.root.certificate, [serialNumber]);
    let readable = true;
    const responder = new TestResponder(installation, {
      position: () => {
        if (!readable) throw new RangeError("not a journal record");
        return installation.context.status.reader.head().position;
      },
    });
    const ask = async (): Promise<readonly Buffer[]> => [
      (await responder.post(request)).body,
      (await responder.get(getTarget(request))).body,
    ];
    for (const body of await ask()) assert.equal(statusIn(body, serialNumber), "good");
    readable = false;
    for (const body of await ask()) assert.equal(hex(body), UNSIGNED.tryLater);
    readable = true;
    for (const body of await ask()) assert.equal(statusIn(body, serialNumber), "good");
  });
});
