import assert from "node:assert/strict";
import { test } from "node:test";
import { hex } from "../../src/core/bytes.js";
import { issuerIdentities } from "../../src/x509/issuer-identity.js";
import { encodePem } from "../../src/x509/pem.js";
import { openssl, temporaryDirectory, writeInto } from "../support/openssl.js";
import { TestCa, TestSigner } from "../support/test-ca.js";

for (const keyType of ["rsa2048", "p256"] as const)
  test(`issuer hashes of a ${keyType} CA equal those of openssl (A3, A4)`, (t) => {
    const ca = new TestCa(keyType);
    const certificate = ca.issue(new TestSigner("p256").subjectPublicKeyInfo);
    const directory = temporaryDirectory(t);
    const issuer = writeInto(directory, "ca.pem", encodePem(ca.certificate.der, "CERTIFICATE"));
    const file = writeInto(directory, "cert.pem", encodePem(certificate.der, "CERTIFICATE"));
    for (const { hash, issuerNameHash, issuerKeyHash } of issuerIdentities(ca.certificate)) {
      const output = openssl([
        "ocsp",
        `-${hash}`,
        "-issuer",
        issuer,
        "-cert",
        file,
        "-no_nonce",
        "-req_text",
      ]).toString();
      // openssl breaks long values with a backslash at the end of the line.
      const text = output.replaceAll("\\\n", "");
      assert.equal(/Issuer Name Hash: (\w+)/.exec(text)?.[1]?.toLowerCase(), hex(issuerNameHash));
      assert.equal(/Issuer Key Hash: (\w+)/.exec(text)?.[1]?.toLowerCase(), hex(issuerKeyHash));
    }
  });
