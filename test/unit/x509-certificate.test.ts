import assert from "node:assert/strict";
import { test } from "node:test";
import { OID } from "../../src/asn1/oid.js";
import { contextPrimitive } from "../../src/asn1/tags.js";
import { encode, encoded, primitive, sequence } from "../../src/asn1/writer.js";
import { hex } from "../../src/core/bytes.js";
import { assembleCertificate, parseCertificate } from "../../src/x509/certificate.js";
import { findExtension } from "../../src/x509/extensions.js";
import { encodeName } from "../../src/x509/name.js";
import { tbsCertificate } from "../../src/x509/profile.js";
import { parseSerial } from "../../src/x509/serial.js";
import { certificateMatchesKey, isIssuedBy, verifySignature } from "../../src/x509/signature.js";
import { mutateTbs, withExtension } from "../support/mutate-tbs.js";
import { TEST_NOW, TEST_PROFILES, TestCa, TestSigner } from "../support/test-ca.js";

const ca = new TestCa("rsa2048");
const delegate = new TestSigner("p256");
const certificate = ca.issue(delegate.subjectPublicKeyInfo, TEST_PROFILES.ocspResponder, {
  serialNumber: parseSerial("80:00:00:00:00:00:00:01"),
});

/** The certificate with other bytes in its TBSCertificate, signed again. */
const resigned = (tbs: Uint8Array): Uint8Array =>
  assembleCertificate(tbs, ca.signer.signatureAlgorithm, ca.signer.signNow(tbs));

test("a certificate is read as it was built", () => {
  assert.equal(hex(certificate.serialNumber), "8000000000000001");
  assert.equal(hex(certificate.serialInteger), "008000000000000001");
  assert.equal(hex(certificate.issuerName), hex(ca.certificate.subjectName));
  assert.equal(hex(certificate.subjectName), hex(encodeName([["commonName", "Sekisho Test Subject"]])));
  assert.deepEqual(certificate.authorityKeyIdentifier, ca.certificate.subjectKeyIdentifier);
  assert.deepEqual(certificate.keyUsage, new Set(["digitalSignature"]));
  assert.deepEqual(certificate.extendedKeyUsage, [OID.ocspSigning]);
  assert.equal(certificate.basicConstraints, undefined);
  assert.deepEqual(ca.certificate.basicConstraints, { cA: true, pathLenConstraint: undefined });
  assert.deepEqual(ca.certificate.keyUsage, new Set(["keyCertSign", "cRLSign"]));
  assert.ok(certificateMatchesKey(certificate, delegate.subjectPublicKeyInfo));
  assert.ok(!certificateMatchesKey(certificate, ca.signer.subjectPublicKeyInfo));
});

test("validity includes its last second and ends with the issuer's at the latest (I3, I12)", () => {
  assert.equal(certificate.notBefore, TEST_NOW);
  assert.equal(certificate.notAfter, TEST_NOW + 90 * 86_400 - 1);
  const late = ca.certificate.notAfter - 10;
  const cut = ca.issue(delegate.subjectPublicKeyInfo, TEST_PROFILES.ocspResponder, { now: late });
  assert.equal(cut.notAfter, ca.certificate.notAfter);
});

test("an OCSP responder's certificate has the extensions of section C and no other", () => {
  assert.deepEqual(
    certificate.extensions.map(({ oid, critical }) => [oid, critical]),
    [
      [OID.authorityKeyIdentifier, false],
      [OID.subjectKeyIdentifier, false],
      [OID.keyUsage, true],
      [OID.extKeyUsage, false],
      [OID.idPkixOcspNocheck, false],
    ],
  );
  assert.deepEqual(findExtension(certificate.extensions, OID.idPkixOcspNocheck)?.value, Uint8Array.of(5, 0));
});

test("a time-stamping certificate's purpose is critical without being told (I10)", () => {
  const stamping = ca.issue(delegate.subjectPublicKeyInfo, TEST_PROFILES.timeStamping);
  assert.equal(findExtension(stamping.extensions, OID.extKeyUsage)?.critical, true);
});

test("issuer names that are written in an unusual way are copied byte for byte (I4)", () => {
  const teletex = Buffer.from("3010310e300c06035504031405c5bf6c6368", "hex");
  const old = { ...ca.certificate, subjectName: teletex };
  const tbs = tbsCertificate(
    {
      subjectName: encodeName([["commonName", "x"]]),
      subjectPublicKeyInfo: delegate.subjectPublicKeyInfo,
      alternativeNames: [],
    },
    ca.terms(TEST_PROFILES.ocspResponder, { issuer: old }),
  );
  assert.ok(hex(tbs).includes(hex(teletex)));
});

test("signatures: issued by the CA, not by another, not when changed", () => {
  assert.ok(isIssuedBy(certificate, ca.certificate));
  assert.ok(isIssuedBy(ca.certificate, ca.certificate));
  assert.ok(!isIssuedBy(certificate, new TestCa("rsa2048").certificate));
  const { tbsCertificate, signatureAlgorithm, signatureBits } = certificate;
  const changed = Uint8Array.from(tbsCertificate);
  changed[changed.length - 1] = 1;
  const spki = ca.certificate.subjectPublicKeyInfo;
  assert.ok(verifySignature(tbsCertificate, signatureAlgorithm, signatureBits, spki));
  assert.ok(!verifySignature(changed, signatureAlgorithm, signatureBits, spki));
  assert.ok(!verifySignature(tbsCertificate, signatureAlgorithm, signatureBits.subarray(1), spki));
  assert.ok(!verifySignature(tbsCertificate, delegate.signatureAlgorithm, signatureBits, spki));
});

test("what RFC 5280 forbids in the structure is refused", () => {
  const { der, tbsCertificate } = certificate;
  const refuses = (bytes: Uint8Array, message: RegExp): void =>
    assert.throws(() => parseCertificate(bytes), { code: "DER_INVALID", message });
  refuses(Buffer.concat([der, Buffer.of(0)]), /trailing-bytes/);
  refuses(der.subarray(0, -1), /truncated/);
  refuses(new Uint8Array(64 * 1024 + 1), /more than 65536 bytes/);
  refuses(
    assembleCertificate(tbsCertificate, delegate.signatureAlgorithm, certificate.signatureBits),
    /differ/,
  );
  const twice = [...certificate.extensions, ...certificate.extensions.slice(0, 1)];
  refuses(resigned(mutateTbs(tbsCertificate, { extensions: twice })), /2\.5\.29\.35 stands twice/);
  refuses(resigned(mutateTbs(tbsCertificate, { extensions: [] })), /truncated/);
  const badUsage = withExtension(certificate.extensions, OID.keyUsage, { value: "0302078000" });
  refuses(resigned(mutateTbs(tbsCertificate, { extensions: badUsage })), /trailing-bytes/);
  const uniqueId = encode(primitive(contextPrimitive(1), Buffer.of(0, 1)));
  refuses(resigned(encode(sequence(encoded(tbsCertificate.subarray(4)), encoded(uniqueId)))), /at offset/);
  refuses(
    resigned(mutateTbs(tbsCertificate, { serialInteger: new Uint8Array(65).fill(1) })),
    /integer-out-of-range/,
  );
});

test("serials that only foreign certificates have are read (P29)", () => {
  const read = (serialInteger: string): string => {
    const tbs = mutateTbs(certificate.tbsCertificate, { serialInteger: Buffer.from(serialInteger, "hex") });
    return hex(parseCertificate(resigned(tbs)).serialNumber);
  };
  assert.equal(read("00"), "00");
  assert.equal(read("ff01"), "ff01");
  assert.equal(read("11".repeat(21)), "11".repeat(21));
});

test("no changed octet makes the parser fail in another way", () => {
  const good = certificate.der;
  for (let at = 0; at < good.length; at++)
    for (const octet of [0x00, 0x30, 0x80, 0xff]) {
      const changed = Uint8Array.from(good);
      changed[at] = octet;
      try {
        parseCertificate(changed);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "DER_INVALID", `octet ${at}`);
      }
    }
});
