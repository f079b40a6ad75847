import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { OID } from "../../src/asn1/oid.js";
import { isSekishoError } from "../../src/core/errors.js";
import { fileChunks } from "../../src/crl/file-chunks.js";
import { readCrl } from "../../src/crl/read-crl.js";
import { certificateListEnvelope } from "../../src/crl/tbs-cert-list.js";
import { crlSigner, verifyCrl } from "../../src/verify/crl.js";
import { describeCrl } from "../../src/verify/crl-description.js";
import { encodePem } from "../../src/x509/pem.js";
import { buildTbsCertList, entry } from "../support/crl.js";
import { mutateTbs, withExtension } from "../support/mutate-tbs.js";
import { temporaryDirectory, writeInto } from "../support/openssl.js";
import { TEST_NOW, TestCa } from "../support/test-ca.js";

const DAY = 86_400;
const ca = new TestCa("p384");

function crlFile(test: TestContext, change: (der: Buffer) => void = () => {}): string {
  const { signer, certificate } = ca;
  const fields = {
    issuerName: certificate.subjectName,
    signatureAlgorithm: signer.signatureAlgorithm,
    thisUpdate: TEST_NOW,
    nextUpdate: TEST_NOW + DAY,
    cRLNumber: 12n,
    authorityKeyIdentifier: certificate.subjectKeyIdentifier as Uint8Array,
  };
  const tbs = buildTbsCertList(fields, [entry("01", { reasonCode: 1 }), entry("02")]);
  const envelope = certificateListEnvelope(tbs.length, signer.signatureAlgorithm, signer.signNow(tbs));
  const der = Buffer.concat([envelope.header, tbs, envelope.trailer]);
  change(der);
  return writeInto(temporaryDirectory(test), "test.crl", der);
}

const signer = crlSigner(ca.certificate.der);
const pem = Buffer.from(encodePem(ca.certificate.der, "CERTIFICATE"));

/** The CA's certificate with keyCertSign as its only key usage. */
function withoutCrlSign(): Uint8Array {
  const { tbsCertificate, extensions } = ca.certificate;
  const keyUsage = { value: "03020204" };
  return ca.assemble(
    mutateTbs(tbsCertificate, { extensions: withExtension(extensions, OID.keyUsage, keyUsage) }),
  ).der;
}

function refuses(file: string, certificate: Uint8Array, message: RegExp): void {
  assert.throws(
    () => verifyCrl(file, crlSigner(certificate), TEST_NOW),
    (error) => isSekishoError(error, "CRL_INVALID") && message.test(error.message),
  );
}

describe("crl verify", () => {
  it("describes a list that verifies, and says whether it is current", (test) => {
    const file = crlFile(test);
    const verified = verifyCrl(file, signer, TEST_NOW);
    const described = describeCrl(verified.crl);
    assert.equal(described.issuer, "CN=Sekisho Test Root, O=Sekisho, C=JP");
    assert.equal(described.version, 2);
    assert.equal(described.cRLNumber, 12n);
    assert.equal(described.entries, 2);
    assert.equal(described.reasonCounts[1], 1);
    assert.deepEqual(described, describeCrl(readCrl(fileChunks(file))));
    const currencies = [-1, 0, DAY, DAY + 1].map(
      (after) => verifyCrl(file, signer, TEST_NOW + after).currency,
    );
    assert.deepEqual(currencies, ["future", "current", "current", "stale"]);
  });

  it("refuses another issuer, another key, a certificate without cRLSign and a broken signature (P28)", (test) => {
    const file = crlFile(test);
    const sameName = "Sekisho Test Root";
    refuses(file, new TestCa("p384", "Another Root").certificate.der, /issuer is not the subject/);
    refuses(file, new TestCa("p384", sameName).certificate.der, /names another key/);
    refuses(file, new TestCa("rsa2048", sameName).certificate.der, /not one of the issuer's key/);
    refuses(file, withoutCrlSign(), /no cRLSign/);
    const changed = crlFile(test, (der) => {
      const at = der.indexOf(Buffer.of(2, 1, 2, 0x17)); // serial 2 becomes 3
      der[at + 2] = 3;
    });
    refuses(changed, pem, /signature does not verify/);
  });

  it("a file that is missing or no CRL", (test) => {
    const directory = temporaryDirectory(test);
    assert.throws(() => verifyCrl(`${directory}/none`, signer, TEST_NOW), { code: "ENOENT" });
    refuses(writeInto(directory, "text", "text"), pem, /text: unexpected-tag at byte 0/);
  });
});
