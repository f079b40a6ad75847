import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, sign, verify, X509Certificate } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { DerReader } from "../../src/asn1/reader.js";
import { TAG } from "../../src/asn1/tags.js";
import { hex } from "../../src/core/bytes.js";
import {
  ALGORITHMS,
  describeKey,
  digestInfo,
  ecdsaSigValue,
  ecSubjectPublicKeyInfo,
  keyIdentifierOf,
  keyTypeOf,
  rsaSubjectPublicKeyInfo,
} from "../../src/signer/algorithms.js";
import { ecPublicKeyInfo } from "../../src/signer/pkcs11-objects.js";

/** Made with `openssl req -x509 -new` (P-256); openssl chose the subjectKeyIdentifier below. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBiDCCAS2gAwIBAgIUX6NZYJntarRv4mI3EO5cWiY2p7cwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOa2V5IGlkZW50aWZpZXIwHhcNMjYxMTIzMTkzNzQyWhcNMzYx
MTIwMTkzNzQyWjAZMRcwFQYDVQQDDA5rZXkgaWRlbnRpZmllcjBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABEGFzjIjH09QOXefZYCGadwYq948vA5ry5JvE5DPUtZ6
x6in5KQ7c1HaOBEzlTExtrWHAhg1HnBh2jZhBDPXfQOjUzBRMB0GA1UdDgQWBBRB
jIHFRdHDjcdRGE5QL7kTyLoZ5zAfBgNVHSMEGDAWgBRBjIHFRdHDjcdRGE5QL7kT
yLoZ5zAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCAOQUSyJjj
5OGTJwnwReeJf6xXJaK61Uvc8JHN9ozezQIhAOwDuIKbfXFDlV6YThJBN6K+/pNa
zQQbN04fh1ROwn3h
-----END CERTIFICATE-----`;
const SUBJECT_KEY_IDENTIFIER = "418c81c545d1c38dc751184e502fb913c8ba19e7";

test("I21: signature AlgorithmIdentifiers are the exact bytes", () => {
  assert.equal(hex(ALGORITHMS.rsa2048.signatureAlgorithm), "300d06092a864886f70d01010b0500");
  assert.equal(hex(ALGORITHMS.p256.signatureAlgorithm), "300a06082a8648ce3d040302");
  assert.equal(hex(ALGORITHMS.p384.signatureAlgorithm), "300a06082a8648ce3d040303");
});

test("RFC 8017 9.2 note 1: DigestInfo of SHA-256", () => {
  const digest = Buffer.alloc(32, 0xab);
  assert.equal(
    digestInfo(digest).toString("hex"),
    `3031300d060960864801650304020105000420${"ab".repeat(32)}`,
  );
  assert.throws(() => digestInfo(Buffer.alloc(20)), RangeError);
});

for (const [keyType, { curveName }] of Object.entries({ p256: ALGORITHMS.p256, p384: ALGORITHMS.p384 }))
  test(`property: r||s of ${keyType} becomes DER that node verifies`, () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: curveName });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), (message) => {
        const raw = sign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" });
        return verify("sha256", message, { key: publicKey, dsaEncoding: "der" }, ecdsaSigValue(raw));
      }),
      { numRuns: 300 },
    );
  });

test("property: r and s come back from the DER, whatever their leading octets", () => {
  const half = fc.tuple(fc.integer({ min: 0, max: 31 }), fc.uint8Array({ minLength: 32, maxLength: 32 }));
  fc.assert(
    fc.property(half, half, ([rZeros, r], [sZeros, s]) => {
      const raw = Buffer.concat([r.fill(0, 0, rZeros), s.fill(0, 0, sZeros)]);
      const reader = new DerReader(ecdsaSigValue(raw));
      reader.enter(TAG.SEQUENCE);
      for (const expected of [raw.subarray(0, 32), raw.subarray(32)]) {
        reader.integer();
        assert.ok((reader.content()[0] ?? 0x80) < 0x80, "not negative");
        assert.equal(BigInt(`0x${hex(reader.content())}`), BigInt(`0x${hex(expected)}`));
      }
      reader.finish();
    }),
  );
});

test("I19: key types in use are recognised, all others are not", () => {
  const rsa = (modulusLength: number, publicExponent = 65537) =>
    generateKeyPairSync("rsa", { modulusLength, publicExponent }).publicKey;
  const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).publicKey;
  assert.equal(keyTypeOf(rsa(2048)), "rsa2048");
  assert.equal(keyTypeOf(ec("prime256v1")), "p256");
  assert.equal(keyTypeOf(ec("secp384r1")), "p384");
  for (const key of [rsa(1024), rsa(2048, 3), ec("secp521r1"), generateKeyPairSync("ed25519").publicKey])
    assert.equal(keyTypeOf(key), undefined);
  assert.equal(keyTypeOf(generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).publicKey), undefined);
});

test("SubjectPublicKeyInfo built from a key's numbers equals node's", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey;
  const { n = "", e = "" } = rsa.export({ format: "jwk" });
  assert.deepEqual(
    Buffer.from(rsaSubjectPublicKeyInfo(Buffer.from(n, "base64url"), Buffer.from(e, "base64url"))),
    rsa.export({ type: "spki", format: "der" }),
  );
});

test("CKA_EC_POINT is read wrapped in an OCTET STRING and bare, even when a bare one reads like DER", () => {
  const x = Buffer.alloc(32, 0x3f);
  const point = Buffer.concat([Uint8Array.of(4), x, Buffer.alloc(32, 7)]);
  const { parameters } = ALGORITHMS.p256;
  const expected = ecSubjectPublicKeyInfo(parameters, point);
  assert.deepEqual(ecPublicKeyInfo(parameters, point), expected);
  assert.deepEqual(ecPublicKeyInfo(parameters, Buffer.concat([Uint8Array.of(4, 65), point])), expected);
  for (const bad of [point.subarray(1), Buffer.concat([Uint8Array.of(4, 66), point]), Buffer.alloc(0)])
    assert.throws(() => ecPublicKeyInfo(parameters, bad), { code: "KEY_ATTRIBUTES" });
  assert.throws(() => ecPublicKeyInfo(Buffer.from("06052b81040023", "hex"), point), {
    code: "KEY_ATTRIBUTES",
  });
});

test("RFC 5280 4.2.1.2 (1): the key identifier equals the one openssl writes", () => {
  const certificate = new X509Certificate(CERTIFICATE);
  const spki = certificate.publicKey.export({ type: "spki", format: "der" });
  assert.equal(hex(keyIdentifierOf(spki)), SUBJECT_KEY_IDENTIFIER);
  assert.equal(describeKey(spki).keyType, "p256");
  assert.ok(createPublicKey({ key: spki, format: "der", type: "spki" }).equals(certificate.publicKey));
});
