import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, it } from "node:test";
import { AsnConvert } from "@peculiar/asn1-schema";
import { Certificate } from "@peculiar/asn1-x509";
import { CERT_ID_HASHES, type CertIDHash, issuerKey, parseOcspRequest } from "../../src/ocsp/request.js";
import { OpensslCa } from "../support/openssl-ca.js";

let ca: OpensslCa;
before(() => {
  ca = new OpensslCa("p256");
});
after(() => ca.remove());

/** The request that `openssl ocsp` makes for the CA as issuer. */
function requestOf(...args: readonly string[]): Uint8Array {
  ca.run("ocsp", "-issuer", "ca.pem", ...args, "-reqout", "request.der");
  return readFileSync(ca.path("request.der"));
}

/** issuerKey from the CA's certificate by another ASN.1 library than ours (RFC 6960 4.1.1). */
function expectedIssuerKey(hash: CertIDHash): string {
  const { raw } = new X509Certificate(readFileSync(ca.path("ca.pem")));
  const { tbsCertificate } = AsnConvert.parse(raw, Certificate);
  const digest = (bytes: ArrayBuffer): Buffer => createHash(hash).update(Buffer.from(bytes)).digest();
  return issuerKey(
    hash,
    digest(AsnConvert.serialize(tbsCertificate.subject)),
    digest(tbsCertificate.subjectPublicKeyInfo.subjectPublicKey),
  );
}

const serials = (bytes: Uint8Array): (string | undefined)[] =>
  parseOcspRequest(bytes).certIDs.map(({ serial }) => serial && Buffer.from(serial).toString("hex"));

for (const hash of CERT_ID_HASHES)
  it(`openssl's request with ${hash}: issuer, serial and nonce (A3, A5, D1)`, () => {
    const bytes = requestOf(`-${hash}`, "-serial", "0x00ABCDEF0123456789");
    const { certIDs, nonce } = parseOcspRequest(bytes);
    assert.deepEqual(
      certIDs.map((each) => each.issuerKey),
      [expectedIssuerKey(hash)],
    );
    assert.deepEqual(serials(bytes), ["abcdef0123456789"]);
    const printed = ca.run("ocsp", "-reqin", "request.der", "-req_text").replace(/\s/g, "");
    assert.match(
      printed,
      new RegExp(
        `OCSPNonce:0410${Buffer.from(nonce ?? [])
          .toString("hex")
          .toUpperCase()}`,
        "i",
      ),
    );
  });

it("without nonce there is none (D1)", () => {
  assert.equal(parseOcspRequest(requestOf("-serial", "1", "-no_nonce")).nonce, undefined);
});

it("several serials in their order, hash algorithms mixed (A5, A11)", () => {
  const bytes = requestOf("-serial", "127", "-serial", "128", "-sha256", "-serial", "0x0100", "-no_nonce");
  assert.deepEqual(serials(bytes), ["7f", "80", "0100"]);
  assert.deepEqual(
    parseOcspRequest(bytes).certIDs.map((each) => each.issuerKey),
    [expectedIssuerKey("sha1"), expectedIssuerKey("sha1"), expectedIssuerKey("sha256")],
  );
});

it("negative and zero serials are nobody's (P8)", () => {
  assert.deepEqual(serials(requestOf("-serial", "-5", "-no_nonce")), [undefined]);
  assert.deepEqual(serials(requestOf("-serial", "0", "-no_nonce")), [undefined]);
});

it("a signed request, with requestorName and certificates, says the same (A8, P13)", () => {
  const bytes = requestOf("-serial", "77", "-signer", "ca.pem", "-signkey", "ca.key");
  assert.deepEqual(serials(bytes), ["4d"]);
  assert.equal(parseOcspRequest(bytes).nonce?.length, 16);
  assert.match(
    ca.run("ocsp", "-reqin", "request.der", "-req_text"),
    /Requestor Name: DirName.*Signature Algorithm/s,
  );
});
