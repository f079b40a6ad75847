import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { ErrorCode } from "../../src/core/errors.js";
import type { Authority } from "../../src/issuer/authority.js";
import { certify } from "../../src/issuer/certify.js";
import { issueCertificate } from "../../src/issuer/issue.js";
import type { Signer } from "../../src/signer/signer.js";
import { buildCertificationRequest } from "../../src/x509/certification-request.js";
import { encodePem } from "../../src/x509/pem.js";
import { makeRequest, plainRequest } from "../support/certification-request.js";
import { craftRequest } from "../support/craft-request.js";
import { type Installation, makeInstallation, TestClock } from "../support/installation.js";
import { TestSigner } from "../support/test-ca.js";

/** What the issuer certifies and what it refuses (standards I1 to I20, invariants 4 and 6). */

const DAY = 86_400;

describe("issueCertificate", () => {
  const clock = new TestClock();
  let installation: Installation;
  before(async () => {
    installation = await makeInstallation(undefined, clock);
  });
  after(() => installation.close());

  /** The root's authority with a CA key that counts how often it is used. */
  function counting(): { authority: Authority; signatures: () => number } {
    let signatures = 0;
    const { root } = installation;
    const signer: Signer = {
      ...root.signer,
      sign: (batch) => {
        signatures += batch.length;
        return root.signer.sign(batch);
      },
    };
    return { authority: { ...root, signer }, signatures: () => signatures };
  }

  /** Nothing is signed, recorded or kept when a request is refused. */
  async function refuses(csr: string, profile: string, code: ErrorCode): Promise<void> {
    const { context } = installation;
    const head = context.status.reader.head().position;
    const { authority, signatures } = counting();
    await assert.rejects(issueCertificate(context, authority, csr, profile), { code });
    assert.equal(signatures(), 0, "the key was not touched");
    assert.equal(context.status.reader.head().position, head);
    assert.deepEqual(context.ca.pending(), []);
  }

  test("a certificate is on record before it leaves: row, journal, certificate, and nothing pending", async () => {
    const { context, root } = installation;
    const { certificate, journal } = await issueCertificate(
      context,
      root,
      await makeRequest("a.example"),
      "tls-server",
    );
    const row = context.status.reader.row(root.issuer, certificate.serialNumber);
    assert.deepEqual([row?.state, row?.position, row?.notAfter], ["good", journal, certificate.notAfter]);
    assert.deepEqual(
      context.ca.certificate(root.issuer, certificate.serialNumber),
      Buffer.from(certificate.der),
    );
    assert.deepEqual(context.ca.pending(), []);
  });

  test("profiles that are unknown, of another way in, or of no policy are refused", async () => {
    const csr = await makeRequest("a.example");
    for (const profile of ["nonsense", "root", "ocsp-responder", "__proto__"])
      await refuses(csr, profile, "PROFILE_REFUSED");
    const { context, root } = installation;
    const poor = { ...root, config: { ...root.config, policies: ["time"] } };
    await assert.rejects(issueCertificate(context, poor, csr, "tls-server"), { code: "PROFILE_REFUSED" });
  });

  test("a key serves one subject (I20); the same subject may have it certified again", async () => {
    const signer = new TestSigner();
    const { context, root } = installation;
    const csr = await makeRequest("one.example", signer);
    await issueCertificate(context, root, csr, "tls-server");
    await issueCertificate(context, root, csr, "tls-server");
    await refuses(await makeRequest("other.example", signer), "tls-server", "CSR_KEY");
  });

  test("a request whose subject the profile rewrites is the same subject the second time", async () => {
    const { context, root } = installation;
    const signer = new TestSigner();
    // CN=tsa as PrintableString, which certificates carry as UTF8String.
    const subjectName = Buffer.from("300e310c300a06035504031303747361", "hex");
    const csr = encodePem(craftRequest({ signer, subjectName }), "CERTIFICATE REQUEST");
    const first = await issueCertificate(context, root, csr, "time-stamping");
    assert.notDeepEqual(Buffer.from(first.certificate.subjectName), subjectName);
    await issueCertificate(context, root, csr, "time-stamping");
  });

  test("two requests at once cannot have one key certified for two subjects (I20)", async () => {
    const signer = new TestSigner();
    const { context, root } = installation;
    const requests = await Promise.all(["x.example", "y.example"].map((name) => makeRequest(name, signer)));
    const results = await Promise.allSettled(
      requests.map((csr) => issueCertificate(context, root, csr, "tls-server")),
    );
    const refused = results.filter((result) => result.status === "rejected");
    assert.deepEqual(
      refused.map(({ reason }) => reason.code),
      ["CSR_KEY"],
    );
    assert.deepEqual(context.ca.pending(), []);
  });

  test("a CA's key is refused (P27)", async () => {
    const { root } = installation;
    const { digestName } = root.signer;
    const request = await buildCertificationRequest({
      subjectName: root.certificate.subjectName,
      alternativeNames: [{ kind: "dns", value: "a.example" }],
      subjectPublicKeyInfo: root.signer.subjectPublicKeyInfo,
      signatureAlgorithm: root.signer.signatureAlgorithm,
      sign: async (info) => {
        const toBeSigned = { digest: createHash(digestName).update(info).digest(), chunks: () => [info] };
        return (await root.signer.sign([toBeSigned]))[0] as Uint8Array;
      },
    });
    await refuses(encodePem(request, "CERTIFICATE REQUEST"), "tls-server", "CSR_KEY");
  });

  test("requests that are no requests are refused", async () => {
    const csr = await makeRequest("a.example");
    await refuses("", "tls-server", "PEM_INVALID");
    await refuses(`${csr}${csr}`, "tls-server", "PEM_INVALID");
    await refuses(await plainRequest("a.example"), "tls-server", "CSR_FIELD");
    await refuses(csr, "time-stamping", "CSR_FIELD");
  });

  test("what fails a lint reaches neither key nor store (invariant 6)", async () => {
    const { context } = installation;
    const head = context.status.reader.head().position;
    const { authority, signatures } = counting();
    const expired = new TestClock(authority.certificate.notAfter * 1000 + DAY * 1000);
    const late = { ...context, clock: expired };
    await assert.rejects(issueCertificate(late, authority, await makeRequest("a.example"), "tls-server"), {
      code: "LINT_FAILED",
    });
    assert.equal(signatures(), 0);
    assert.equal(context.status.reader.head().position, head);
    assert.deepEqual(context.ca.pending(), []);
  });

  test("a token that fails leaves nothing behind", async () => {
    const { context, root } = installation;
    const head = context.status.reader.head().position;
    const signer: Signer = { ...root.signer, sign: () => Promise.reject(new Error("token lost")) };
    const csr = await makeRequest("a.example");
    await assert.rejects(issueCertificate(context, { ...root, signer }, csr, "tls-server"), /token lost/);
    assert.equal(context.status.reader.head().position, head);
    assert.deepEqual(context.ca.pending(), []);
    await issueCertificate(context, root, csr, "tls-server");
  });

  test("notAfter never passes the issuer's (I12)", async () => {
    const { context, root } = installation;
    const clockNearEnd = new TestClock((root.certificate.notAfter - 10 * DAY) * 1000);
    const late = { ...context, clock: clockNearEnd };
    const { certificate } = await issueCertificate(
      late,
      root,
      await makeRequest("late.example"),
      "tls-server",
    );
    assert.equal(certificate.notAfter, root.certificate.notAfter);
    assert.equal(certificate.notBefore, clockNearEnd.seconds);
  });

  test("serials are 16 octets with the top bit set, and all different (I1)", async () => {
    const serials = await Promise.all(Array.from({ length: 20 }, () => installation.issue()));
    for (const { serialNumber } of serials)
      assert.ok(serialNumber.length === 16 && (serialNumber[0] as number) >= 0x80);
    assert.equal(new Set(serials.map(({ serialNumber }) => String(serialNumber))).size, 20);
  });

  test("a serial that has a row is never given out again, whatever asks for it", async () => {
    const { context, root } = installation;
    const taken = await installation.issue();
    const again = certify(
      context,
      root,
      "certificate",
      "end-entity",
      new Uint8Array(),
      () => taken.tbsCertificate,
    );
    await assert.rejects(again, { code: "INTERNAL" });
  });
});
