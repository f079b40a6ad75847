import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { createCa } from "../../src/issuer/create-ca.js";
import { issueCertificate } from "../../src/issuer/issue.js";
import { errorResponse } from "../../src/ocsp/response.js";
import type { Certificate } from "../../src/x509/certificate.js";
import { makeRequest } from "../support/certification-request.js";
import { enrol, type Installation, makeInstallation, withSubordinateCa } from "../support/installation.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";
import { getTarget, TestResponder } from "../support/test-responder.js";

/** Which request goes where (standards F1 to F5, F15, F17, P1, P15 to P17, P20, P21). */

const MALFORMED = errorResponse("malformedRequest");

describe("routes", () => {
  let installation: Installation;
  let responder: TestResponder;
  let request: Buffer;
  let serial: Uint8Array;
  before(async () => {
    installation = await makeInstallation();
    await enrol(installation);
    responder = new TestResponder(installation);
    serial = (await installation.issue()).serialNumber;
    // One whose base64 has the characters that URLs are touchy about.
    do {
      request = ocspRequest(installation.root.certificate, [serial], randomBytes(16 + randomInt(4)));
    } while (!/\+.*\/.*=$/.test(request.toString("base64")));
  });
  after(() => installation.close());

  for (const target of ["/", "/ocsp", "/ocsp/"])
    test(`POST ${target} is OCSP`, async () => {
      const { status, fields, body } = await responder.send({ method: "POST", target, body: request });
      assert.deepEqual([status, fields["content-type"]], [200, "application/ocsp-response"]);
      assert.equal(statusIn(body, serial), "good");
    });

  for (const target of ["/crl/root.crl", "/ocsp/x", "/ocspx", "/OCSP", "//", "/M"])
    test(`POST ${target} is nothing`, async () => {
      assert.equal((await responder.send({ method: "POST", target, body: request })).status, 404);
    });

  for (const method of ["PUT", "DELETE", "TRACE", "PATCH", "post", "BREW"])
    test(`${method}: 405 with Allow`, async () => {
      const { status, fields } = await responder.send({ method, target: "/ocsp", body: request });
      assert.deepEqual([status, fields.allow], [405, "GET, HEAD, POST"]);
    });

  test("OPTIONS: 204 with Allow (P21)", async () => {
    const { status, fields } = await responder.send({ method: "OPTIONS", target: "/ocsp" });
    assert.deepEqual([status, fields.allow], [204, "GET, HEAD, POST"]);
  });

  test("spellings of an OCSP GET", async () => {
    const base64 = request.toString("base64");
    const escaped = encodeURIComponent(base64);
    const spellings = [
      `/ocsp/${escaped}`,
      `/${escaped}`,
      `//${escaped}`,
      `/ocsp//${escaped}`,
      `/ocsp/${base64}`,
      `/${base64}`,
      `/${escaped.replace(/%2F/g, "%2f")}`,
      `/ocsp/${base64.replace(/=+$/, "")}`,
      `/ocsp/${base64.replaceAll("+", "-").replaceAll("/", "_")}`,
      `/ocsp/${base64.replaceAll("+", "%20")}`,
    ];
    for (const target of spellings) {
      const { status, body } = await responder.get(target);
      assert.equal(status, 200, target);
      assert.equal(statusIn(body, serial), "good", target);
    }
  });

  test("a path that is not base64: 400 with malformedRequest (P15)", async () => {
    const base64 = request.toString("base64");
    const wrong = [
      `/ocsp/${base64}%0A`,
      `/ocsp/${encodeURIComponent(encodeURIComponent(base64))}`,
      `/ocsp/${base64}?x=1`,
      `/ocsp/%`,
      `/ocsp/%zz`,
      `/ocsp/../crl/root.crl`,
      "/M.html",
    ];
    for (const target of wrong) {
      const { status, body } = await responder.get(target);
      assert.deepEqual([status, body], [400, MALFORMED], target);
    }
  });

  test("every other GET and HEAD is the repository's, untouched", async () => {
    const seen: string[] = [];
    const own = new TestResponder(installation, {
      repository: ({ target }, reply) => {
        seen.push(target);
        reply.send(404, [], new Uint8Array());
      },
    });
    const targets = ["/", "/crl/root.crl", "/ocsp", "/..%2fetc", "/crl/../x", "http://host/ocsp/MA", "*", ""];
    for (const target of targets) await own.get(target);
    await own.send({ method: "HEAD", target: "/crl/root.crl" });
    assert.deepEqual(seen, [...targets, "/crl/root.crl"]);
  });

  for (const [type, status] of [
    ["", 200],
    ["application/ocsp-request", 200],
    ["Application/OCSP-Request", 200],
    ["application/ocsp-request; charset=binary", 200],
    ["application/ocsp-response", 415],
    ["text/plain", 415],
    ["application/ocsp-requests", 415],
  ] as const)
    test(`POST with Content-Type "${type}": ${status} (P17)`, async () => {
      assert.equal((await responder.post(request, { "content-type": type })).status, status);
    });

  test("POST with a content coding: 415, nothing is inflated (P20)", async () => {
    assert.equal((await responder.post(request, { "content-encoding": "gzip" })).status, 415);
  });

  test("bodies that are no request: 200 and malformedRequest, not to be stored (P1, F10, F17)", async () => {
    const bodies = [
      new Uint8Array(),
      Buffer.from("hello"),
      Buffer.from([0x30, 0]),
      Buffer.alloc(16 * 1024 + 1, 0x30),
    ];
    for (const bytes of bodies) {
      const { status, fields, body } = await responder.post(bytes);
      assert.deepEqual([status, body], [200, MALFORMED]);
      assert.equal(fields["cache-control"], "no-cache, no-store");
    }
    assert.deepEqual((await responder.get("/ocsp/")).body, MALFORMED);
  });

  test("a body that spells the target of a GET meets neither its answer nor its place in the queue", async () => {
    const fresh = new TestResponder(installation);
    const target = getTarget(ocspRequest(installation.root.certificate, [serial]));
    const [posted, got] = await Promise.all([fresh.post(Buffer.from(target, "latin1")), fresh.get(target)]);
    assert.deepEqual(posted.body, MALFORMED);
    assert.equal(statusIn(got.body, serial), "good");
    assert.deepEqual((await fresh.post(Buffer.from(target, "latin1"))).body, MALFORMED);
  });
});

test("a CA that is created while the responder runs is served from then on", async () => {
  const installation = await makeInstallation(withSubordinateCa);
  const { context, keyStore, root } = installation;
  const responder = new TestResponder(installation);
  const ask = async (issuer: Certificate, serial: Uint8Array): Promise<Buffer> =>
    (
      await responder.send({
        method: "POST",
        target: "/ocsp",
        body: ocspRequest(issuer, [serial], randomBytes(16)),
      })
    ).body;
  const { serialNumber } = await installation.issue();
  assert.deepEqual(await ask(root.certificate, serialNumber), errorResponse("tryLater"), "nobody signs yet");
  await createCa(context, keyStore("sub"), "sub");
  await enrol(installation);
  const { certificate: sub } = context.authorities.get("sub");
  const issued = await issueCertificate(
    context,
    context.authorities.get("sub"),
    await makeRequest("localhost"),
    "tls-server",
  );
  const { serialNumber: ofSub } = issued.certificate;
  assert.equal(statusIn(await ask(sub, ofSub), ofSub), "good");
  await installation.close();
});
