import assert from "node:assert/strict";
import { test } from "node:test";
import { OID } from "../../src/asn1/oid.js";
import { TAG } from "../../src/asn1/tags.js";
import { constructed, octetString, primitive, sequence } from "../../src/asn1/writer.js";
import type { ErrorCode } from "../../src/core/errors.js";
import {
  buildCertificationRequest,
  MAX_REQUEST_BYTES,
  parseCertificationRequest,
} from "../../src/x509/certification-request.js";
import { encodeName } from "../../src/x509/name.js";
import { grantedFields } from "../../src/x509/requested-fields.js";
import { attribute, craftRequest, EXTENSION_REQUEST, extensionRequest } from "../support/craft-request.js";
import { TEST_PROFILES, TestSigner } from "../support/test-ca.js";

const CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7";
const SAN_DNS = "300e820c676f6f642e6578616d706c65"; // dNSName good.example

function refuses(der: Uint8Array, code: ErrorCode, message: RegExp): void {
  assert.throws(() => parseCertificationRequest(der), { code, message });
}

test("a crafted request without attributes is read", () => {
  const signer = new TestSigner("p384");
  const request = parseCertificationRequest(craftRequest({ signer }));
  assert.deepEqual(Buffer.from(request.subjectPublicKeyInfo), signer.subjectPublicKeyInfo);
  assert.deepEqual(request.extensions, []);
});

test("buildCertificationRequest makes what parseCertificationRequest reads, names included", async () => {
  const signer = new TestSigner("rsa2048");
  const der = await buildCertificationRequest({
    subjectName: encodeName([["commonName", "localhost"]]),
    alternativeNames: [
      { kind: "dns", value: "localhost" },
      { kind: "ip", value: "127.0.0.1" },
    ],
    subjectPublicKeyInfo: signer.subjectPublicKeyInfo,
    signatureAlgorithm: signer.signatureAlgorithm,
    sign: async (info) => signer.signNow(info),
  });
  const granted = grantedFields(parseCertificationRequest(der), TEST_PROFILES.tlsServer);
  assert.deepEqual(granted.alternativeNames, [
    { kind: "dns", value: "localhost" },
    { kind: "ip", value: "127.0.0.1" },
  ]);
});

test("without proof of possession a request is refused (I17)", () => {
  const good = craftRequest();
  const tampered = Buffer.from(good);
  tampered[good.indexOf(0x67)] = 0x66; // the first letter of good.example
  refuses(tampered, "CSR_SIGNATURE", /does not verify/);
  const { subjectPublicKeyInfo } = new TestSigner("p256");
  refuses(craftRequest({ subjectPublicKeyInfo }), "CSR_SIGNATURE", /does not verify/);
});

test("an algorithm of another key type is no proof (I17)", () => {
  const signer = new TestSigner("p256");
  const { subjectPublicKeyInfo } = new TestSigner("rsa2048");
  refuses(craftRequest({ signer, subjectPublicKeyInfo }), "CSR_SIGNATURE", /does not verify/);
});

test("what is not strict DER of RFC 2986 is refused (P27)", () => {
  const good = craftRequest();
  refuses(Buffer.concat([good, Buffer.from([0])]), "DER_INVALID", /trailing-bytes/);
  refuses(good.subarray(0, -1), "DER_INVALID", /truncated/);
  refuses(new Uint8Array(0), "DER_INVALID", /truncated/);
  const indefinite = Buffer.concat([Buffer.from([0x30, 0x80]), good.subarray(3), Buffer.from([0, 0])]);
  refuses(indefinite, "DER_INVALID", /indefinite-length/);
  const longLength = Buffer.concat([Buffer.from([0x30, 0x82, 0]), good.subarray(2)]);
  refuses(longLength, "DER_INVALID", /length-not-minimal/);
  refuses(craftRequest({ version: 1 }), "DER_INVALID", /integer-out-of-range/);
});

test("a request beyond 64 KiB is refused before it is read (P27)", () => {
  refuses(new Uint8Array(MAX_REQUEST_BYTES + 1), "DER_INVALID", /more than 65536 bytes/);
  const padded = attribute(CHALLENGE_PASSWORD, octetString(new Uint8Array(MAX_REQUEST_BYTES)));
  refuses(craftRequest({ attributes: [padded] }), "DER_INVALID", /more than 65536 bytes/);
});

test("attributes: only one extensionRequest with one value (P27)", () => {
  const wish = extensionRequest([OID.subjectAltName, SAN_DNS]);
  const password = attribute(CHALLENGE_PASSWORD, primitive(TAG.UTF8_STRING, Buffer.from("secret")));
  refuses(craftRequest({ attributes: [password] }), "CSR_FIELD", /attribute 1\.2\.840\.113549\.1\.9\.7 /);
  refuses(craftRequest({ attributes: [wish, wish] }), "CSR_FIELD", /extensionRequest stands twice/);
  const one = sequence(sequence(constructed(TAG.SEQUENCE)));
  refuses(craftRequest({ attributes: [attribute(EXTENSION_REQUEST, one, one)] }), "DER_INVALID", /at offset/);
  refuses(craftRequest({ attributes: [attribute(EXTENSION_REQUEST)] }), "DER_INVALID", /truncated/);
  refuses(
    craftRequest({ attributes: [attribute(EXTENSION_REQUEST, sequence())] }),
    "DER_INVALID",
    /truncated/,
  );
});

test("an extension is requested once at most (P27)", () => {
  const twice = extensionRequest([OID.subjectAltName, SAN_DNS], [OID.subjectAltName, SAN_DNS]);
  refuses(craftRequest({ attributes: [twice] }), "CSR_FIELD", /extension 2\.5\.29\.17 is requested twice/);
});

test("more than 64 requested extensions are refused (P6)", () => {
  const many = Array.from({ length: 65 }, (_, i) => [`1.2.3.${i}`, "0500"] as const);
  refuses(craftRequest({ attributes: [extensionRequest(...many)] }), "DER_INVALID", /at offset/);
});

test("no beginning of a request and no changed octet makes the parser fail in another way", () => {
  const good = craftRequest({ attributes: [extensionRequest([OID.subjectAltName, SAN_DNS])] });
  for (let at = 0; at < good.length; at++) {
    assert.throws(() => parseCertificationRequest(good.subarray(0, at)), { name: "SekishoError" });
    for (const octet of [0x00, 0x30, 0x80, 0xff]) {
      if (good[at] === octet) continue;
      const changed = Uint8Array.from(good);
      changed[at] = octet;
      assert.throws(() => parseCertificationRequest(changed), { name: "SekishoError" });
    }
  }
});
