import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, type TestContext, test } from "node:test";
import { OID, oid } from "../../src/asn1/oid.js";
import { encode, nullValue, octetString, sequence } from "../../src/asn1/writer.js";
import { encodePem } from "../../src/x509/pem.js";
import { answererOf } from "../support/batch.js";
import { enrol, type Installation, makeInstallation, revoke } from "../support/installation.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";
import { tryOpenssl, writeInto } from "../support/openssl.js";
import { TestResponder } from "../support/test-responder.js";

/** What `[issuers.ID.ocsp]` says of answers, through front end and worker, with openssl as judge. */

const KEY_TYPE = /(\[issuers\.root\.ocsp\]\ntoken = "ocsp"\nkey_type = )"p256"/;
const UNSIGNED = { malformedRequest: "30030a0101", unauthorized: "30030a0106" };
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

async function installed(t: TestContext, ...lines: string[]): Promise<Installation> {
  const installation = await makeInstallation((text) =>
    text.replace(KEY_TYPE, `$1"p256"\n${lines.join("\n")}`),
  );
  t.after(() => installation.close());
  await enrol(installation);
  return installation;
}

/** What openssl prints of an answer, once it has verified it. */
function printed({ dir, root }: Installation, response: Uint8Array): string {
  const ca = writeInto(dir, "root.pem", encodePem(root.certificate.der, "CERTIFICATE"));
  const file = writeInto(dir, "response.der", response);
  const { stdout, stderr } = tryOpenssl([
    "ocsp",
    "-respin",
    file,
    "-CAfile",
    ca,
    "-issuer",
    ca,
    "-resp_text",
  ]);
  assert.match(stderr, /Response verify OK/);
  return stdout.toString();
}

describe("serials that nobody issued (B13, B14)", () => {
  const stranger = Buffer.from("41".repeat(16), "hex");

  test("unauthorized: unsigned, also beside one that was issued", async (t) => {
    const installation = await installed(t, 'unknown_certificate = "unauthorized"');
    const { serialNumber } = await installation.issue();
    const responder = new TestResponder(installation);
    const issuer = installation.root.certificate;
    for (const serials of [[stranger], [serialNumber, stranger]])
      assert.equal(hex((await responder.post(ocspRequest(issuer, serials))).body), UNSIGNED.unauthorized);
    assert.equal(
      statusIn((await responder.post(ocspRequest(issuer, [serialNumber]))).body, serialNumber),
      "good",
    );
  });

  test("extended-revoked: certificateHold since 1970, and every answer says so; no CRL is named", async (t) => {
    const installation = await installed(
      t,
      'unknown_certificate = "extended-revoked"',
      "crl_references = true",
    );
    const { serialNumber } = await installation.issue();
    const responder = new TestResponder(installation);
    const issuer = installation.root.certificate;
    const { body } = await responder.post(ocspRequest(issuer, [stranger]));
    const text = printed(installation, body);
    assert.match(
      text,
      /Cert Status: revoked\s+Revocation Time: Jan {2}1 00:00:00 1970 GMT\s+Revocation Reason: certificateHold \(0x6\)/,
    );
    // openssl calls 1.3.6.1.5.5.7.48.1.9 "valid".
    assert.match(text, /Response Extensions:\s+valid:/);
    assert.doesNotMatch(text, /crlUrl/);
    const good = await responder.post(ocspRequest(issuer, [serialNumber]));
    assert.match(printed(installation, good.body), /Cert Status: good[\s\S]*Response Extensions:\s+valid:/);
    assert.equal(responder.cache.size, 1, "answers about non-issued serials are not kept");
  });
});

describe("nonce (D1 to D4)", () => {
  const nonceIn = async (t: TestContext, lines: readonly string[], octets: number): Promise<string> => {
    const installation = await installed(t, ...lines);
    const { serialNumber } = await installation.issue();
    const nonce = octets === 0 ? undefined : randomBytes(octets);
    const request = ocspRequest(installation.root.certificate, [serialNumber], nonce);
    const { body } = await new TestResponder(installation).post(request);
    if (body.length === 5) return hex(body);
    assert.equal(statusIn(body, serialNumber), "good");
    return nonce !== undefined && body.includes(nonce) ? "echoed" : "without";
  };
  const CASES: readonly (readonly [line: string, octets: number, wanted: string])[] = [
    ["optional", 0, "without"],
    ["optional", 32, "echoed"],
    ["optional", 128, "echoed"],
    ["optional", 15, "without"],
    ["ignore", 32, "without"],
    ["required", 32, "echoed"],
    ["required", 0, UNSIGNED.malformedRequest],
    ["forbidden", 0, "without"],
    ["forbidden", 32, UNSIGNED.malformedRequest],
  ];
  for (const [policy, octets, wanted] of CASES)
    test(`${policy}, ${octets} octets: ${wanted}`, async (t) => {
      assert.equal(await nonceIn(t, [`nonce = "${policy}"`], octets), wanted);
    });

  test("cabf-br echoes 16 to 32 octets (D3)", async (t) => {
    const installation = await makeInstallation((text) =>
      text.replace('profile = "root"', 'profile = "root"\nrule_profile = "cabf-br"'),
    );
    t.after(() => installation.close());
    await enrol(installation);
    const { serialNumber } = await installation.issue();
    const responder = new TestResponder(installation);
    for (const [octets, echoed] of [
      [32, true],
      [33, false],
    ] as const) {
      const nonce = randomBytes(octets);
      const { body } = await responder.post(
        ocspRequest(installation.root.certificate, [serialNumber], nonce),
      );
      assert.equal(body.includes(nonce), echoed);
    }
  });
});

test("archiveCutoff: producedAt less the retention, or the CA's notBefore (D8)", async (t) => {
  for (const [value, seconds] of [
    ["365d", 365 * 86_400],
    ["issuer", 0],
  ] as const) {
    const installation = await installed(t, `archive_cutoff = "${value}"`);
    const { serialNumber } = await installation.issue();
    const issuer = installation.root.certificate;
    const { body } = await new TestResponder(installation).post(ocspRequest(issuer, [serialNumber]));
    const text = printed(installation, body);
    const at = (name: RegExp): number => Date.parse(name.exec(text)?.[1] as string) / 1000;
    const cutoff = at(/OCSP Archive Cutoff:\s+(.*GMT)/);
    assert.equal(cutoff, value === "issuer" ? issuer.notBefore : at(/Produced At: (.*GMT)/) - seconds);
  }
});

test("crl_references: the CRL's URL in answers about revoked certificates alone (D6)", async (t) => {
  const installation = await installed(t, "crl_references = true");
  const { serialNumber: good } = await installation.issue();
  const { serialNumber: revoked } = await installation.issue();
  await revoke(installation, revoked);
  const { body } = await new TestResponder(installation).post(
    ocspRequest(installation.root.certificate, [good, revoked]),
  );
  const [first, second] = printed(installation, body).split("Cert Status: revoked") as [string, string];
  assert.match(first, /Cert Status: good/);
  assert.doesNotMatch(first, /crlUrl/);
  assert.match(second, /crlUrl: http:\/\/.*\/crl\/root\.crl/);
});

test("responder_id name: the delegate's subject (B4)", async (t) => {
  const installation = await installed(t, 'responder_id = "name"');
  const { serialNumber } = await installation.issue();
  const { body } = await new TestResponder(installation).post(
    ocspRequest(installation.root.certificate, [serialNumber]),
  );
  assert.match(printed(installation, body), /Responder Id: .*CN = .* OCSP/);
});

describe("several delegated keys (RFC 6960 4.4.7, D11, D12)", () => {
  const prefer = (...algorithms: string[]) => {
    const list = algorithms.map((algorithm) => sequence(sequence(oid(algorithm), nullValue)));
    return sequence(oid(OID.idPkixOcspPrefSigAlgs), octetString(encode(sequence(...list))));
  };
  const SHA1_WITH_RSA = "1.2.840.113549.1.1.5";
  const algorithmOf = (response: Uint8Array): string => {
    const rsa = Buffer.from(encode(oid(OID.sha256WithRSAEncryption)));
    return Buffer.from(response).includes(rsa) ? "rsa" : "ecdsa";
  };

  test("the client's first that is supported; a weak or unknown one is skipped; else the configuration's first", async (t) => {
    const installation = await makeInstallation((text) => text.replace(KEY_TYPE, '$1["p256", "rsa2048"]'));
    t.after(() => installation.close());
    await enrol(installation);
    const { serialNumber } = await installation.issue();
    const answer = answererOf(installation);
    const cases: readonly (readonly [string[], string])[] = [
      [[], "ecdsa"],
      [[OID.sha256WithRSAEncryption], "rsa"],
      [[SHA1_WITH_RSA, OID.sha256WithRSAEncryption, OID.ecdsaWithSHA256], "rsa"],
      [[OID.ecdsaWithSHA256, OID.sha256WithRSAEncryption], "ecdsa"],
      [[SHA1_WITH_RSA, "1.2.3.4"], "ecdsa"],
    ];
    for (const [algorithms, wanted] of cases) {
      const others = algorithms.length === 0 ? [] : [prefer(...algorithms)];
      const [answered] = await answer(
        ocspRequest(installation.root.certificate, [serialNumber], undefined, ...others),
      );
      const response = answered?.response as Buffer;
      assert.equal(algorithmOf(response.subarray(-1200)), wanted, algorithms.join());
      printed(installation, response);
    }
  });
});
