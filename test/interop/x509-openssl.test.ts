import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { type TestContext, test } from "node:test";
import { hex } from "../../src/core/bytes.js";
import type { Certificate } from "../../src/x509/certificate.js";
import {
  buildCertificationRequest,
  parseCertificationRequest,
} from "../../src/x509/certification-request.js";
import { encodeName } from "../../src/x509/name.js";
import { decodePemOrDer, encodePem } from "../../src/x509/pem.js";
import { serialText } from "../../src/x509/serial.js";
import { openssl, temporaryDirectory, writeInto } from "../support/openssl.js";
import { TEST_NOW, TEST_PROFILES, TestCa, TestSigner } from "../support/test-ca.js";

const OPENSSL_KEYS = [
  ["rsa:2048", []],
  ["rsa:3072", []],
  ["ec", ["-pkeyopt", "ec_paramgen_curve:P-256"]],
  ["ec", ["-pkeyopt", "ec_paramgen_curve:P-384"]],
] as const;

/** A request with one host name and one address, made by openssl in `directory`. */
function opensslRequest(directory: string, newKey: string, keyOptions: readonly string[]): Buffer {
  const config = writeInto(
    directory,
    "req.cnf",
    "[req]\ndistinguished_name=dn\nstring_mask=utf8only\n[dn]\n",
  );
  return openssl([
    ...["req", "-new", "-newkey", newKey, ...keyOptions, "-nodes", "-keyout", `${directory}/key.pem`],
    ...["-config", config, "-subj", "/C=JP/O=関所/CN=good.example", "-utf8", "-outform", "DER"],
    ...["-addext", "subjectAltName=DNS:good.example,IP:127.0.0.1,IP:::1"],
  ]);
}

function verifyWithOpenssl(t: TestContext, ca: TestCa, certificate: Certificate, purpose: string): void {
  const directory = temporaryDirectory(t);
  const caFile = writeInto(directory, "ca.pem", encodePem(ca.certificate.der, "CERTIFICATE"));
  const file = writeInto(directory, "cert.pem", encodePem(certificate.der, "CERTIFICATE"));
  const time = String(TEST_NOW + 60);
  const output = openssl([
    "verify",
    "-x509_strict",
    "-attime",
    time,
    "-purpose",
    purpose,
    "-CAfile",
    caFile,
    file,
  ]);
  assert.match(output.toString(), /: OK/);
}

for (const [newKey, keyOptions] of OPENSSL_KEYS)
  test(`a request of openssl (${newKey} ${keyOptions.join(" ")}) becomes a TLS certificate that openssl accepts`, (t) => {
    const ca = new TestCa("rsa2048");
    const request = parseCertificationRequest(opensslRequest(temporaryDirectory(t), newKey, keyOptions));
    const certificate = ca.issueFromRequest(request, TEST_PROFILES.tlsServer, {
      policies: ["1.2.392.200091.100.901.9"],
    });
    verifyWithOpenssl(t, ca, certificate, "sslserver");
    const text = openssl(
      ["x509", "-inform", "DER", "-noout", "-text", "-nameopt", "utf8"],
      certificate.der,
    ).toString();
    assert.match(text, /DNS:good\.example, IP Address:127\.0\.0\.1, IP Address:0:0:0:0:0:0:0:1/);
    assert.match(text, /Subject: C=JP, O=関所, CN=good\.example/);
    assert.match(text, /URI:http:\/\/pki\.example\/crl\/root\.crl/);
    assert.match(text, /OCSP - URI:http:\/\/pki\.example\/ocsp/);
    assert.match(text, /CA Issuers - URI:http:\/\/pki\.example\/certs\/root\.cer/);
    assert.match(text, /Policy: 1\.2\.392\.200091\.100\.901\.9/);
    assert.match(
      text,
      newKey === "ec" ? /critical\s+Digital Signature\n/ : /Digital Signature, Key Encipherment/,
    );
    const serial = openssl(["x509", "-inform", "DER", "-noout", "-serial"], certificate.der).toString();
    assert.equal(serial.trim().toLowerCase(), `serial=${serialText(certificate.serialNumber)}`);
  });

for (const keyType of ["rsa2048", "p256", "p384"] as const)
  test(`certificates of a ${keyType} root: OCSP responder, time-stamping, subordinate CA (standards C, I5, I10)`, (t) => {
    const ca = new TestCa(keyType);
    const { subjectPublicKeyInfo } = new TestSigner("p256");
    verifyWithOpenssl(t, ca, ca.issue(subjectPublicKeyInfo), "ocsphelper");
    verifyWithOpenssl(t, ca, ca.issue(subjectPublicKeyInfo, TEST_PROFILES.timeStamping), "timestampsign");
    verifyWithOpenssl(t, ca, ca.issue(subjectPublicKeyInfo, TEST_PROFILES.subordinateCa), "any");
    verifyWithOpenssl(t, ca, ca.certificate, "any");
    assert.ok(hex(ca.issue(subjectPublicKeyInfo).der).includes("06092b0601050507300105" + "0402" + "0500"));
  });

/** A request made by openssl without extensions. */
function plainRequest(t: TestContext, ...options: readonly string[]): Buffer {
  const directory = temporaryDirectory(t);
  const config = writeInto(directory, "req.cnf", "[req]\ndistinguished_name=dn\n[dn]\n");
  return openssl([
    ...["req", "-new", "-nodes", "-keyout", `${directory}/key.pem`, "-config", config, "-subj", "/CN=x"],
    ...options,
  ]);
}

test("openssl's requests with MD5, SHA-1 or a short key are refused (I19, I20)", (t) => {
  const parse = (...options: string[]) =>
    parseCertificationRequest(plainRequest(t, "-outform", "DER", ...options));
  const algorithm = { code: "CSR_SIGNATURE", message: /SHA-2/ };
  assert.throws(() => parse("-newkey", "rsa:2048", "-md5"), algorithm);
  assert.throws(() => parse("-newkey", "rsa:2048", "-sha1"), algorithm);
  assert.throws(() => parse("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-sha1"), algorithm);
  assert.throws(() => parse("-newkey", "rsa:1024"), { code: "CSR_KEY", message: /1024 bits/ });
  parse("-newkey", "rsa:2048", "-sha512");
});

test("openssl's PEM is read, two blocks are not (P27)", (t) => {
  const pem = plainRequest(t, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256");
  parseCertificationRequest(decodePemOrDer(pem, "CERTIFICATE REQUEST"));
  const two = Buffer.concat([pem, pem]);
  assert.throws(() => decodePemOrDer(two, "CERTIFICATE REQUEST"), { code: "PEM_INVALID" });
});

test("a request that buildCertificationRequest makes verifies with openssl", async () => {
  for (const keyType of ["rsa2048", "p256", "p384"] as const) {
    const signer = new TestSigner(keyType);
    const der = await buildCertificationRequest({
      subjectName: encodeName([["commonName", "localhost"]]),
      alternativeNames: [{ kind: "dns", value: "localhost" }],
      subjectPublicKeyInfo: signer.subjectPublicKeyInfo,
      signatureAlgorithm: signer.signatureAlgorithm,
      sign: async (info) => signer.signNow(info),
    });
    const text = openssl(["req", "-inform", "DER", "-noout", "-verify", "-text"], der).toString();
    assert.match(text, /DNS:localhost/);
  }
});

test("GnuTLS reads every kind of certificate", { skip: !hasCerttool() }, () => {
  const ca = new TestCa("p256");
  const { subjectPublicKeyInfo } = new TestSigner("rsa2048");
  for (const profile of Object.values(TEST_PROFILES).filter(({ kind }) => kind !== "root")) {
    const { der } = ca.issue(subjectPublicKeyInfo, profile);
    const { status, stdout } = spawnSync("certtool", ["--certificate-info", "--inder"], { input: der });
    assert.equal(status, 0);
    assert.match(stdout.toString(), /Authority Key Identifier \(not critical\)/);
    assert.doesNotMatch(stdout.toString(), /warning|error|invalid/i);
  }
});

function hasCerttool(): boolean {
  return spawnSync("certtool", ["--version"]).status === 0;
}
