import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { time } from "../../src/asn1/time.js";
import { integer } from "../../src/asn1/writer.js";
import { isSekishoError } from "../../src/core/errors.js";
import { readCrlOutline } from "../../src/crl/outline.js";
import { readCrl } from "../../src/crl/read-crl.js";
import { largeCrl } from "../support/large-crl.js";
import { AKI, CRL_NUMBER, extension, rawCertificateList, rawEntry, THIS_UPDATE } from "../support/raw-crl.js";
import { TestCa } from "../support/test-ca.js";

/** A CRL without its entries (standards P28): the same facts as the whole parser, from bounded reading. */

function outline(bytes: Uint8Array, size = bytes.length) {
  let read = 0;
  const readAt = (buffer: Uint8Array, offset: number): number => {
    const piece = bytes.subarray(offset, offset + buffer.length);
    buffer.set(piece);
    read += piece.length;
    return piece.length;
  };
  return { ...readCrlOutline(readAt, size), read };
}

const refused = (bytes: Uint8Array, size?: number): void =>
  assert.throws(
    () => outline(bytes, size),
    (error) => isSekishoError(error, "CRL_INVALID"),
  );

describe("readCrlOutline", () => {
  const entries = [rawEntry(1, time(THIS_UPDATE)), rawEntry(2, time(THIS_UPDATE))];
  for (const [name, bytes] of [
    ["with entries", rawCertificateList({ entries })],
    ["without entries", rawCertificateList()],
    ["with an empty list", rawCertificateList({ entries: [] })],
    ["version 1", rawCertificateList({ version: undefined, extensions: undefined, entries })],
  ] as const)
    test(`says what the whole parser says, ${name}`, () => {
      const { header, extensions, head, tail } = outline(bytes);
      const whole = readCrl([bytes]);
      assert.deepEqual(header, whole.header);
      assert.deepEqual(extensions, whole.extensions);
      assert.deepEqual(Buffer.from(head), bytes.subarray(0, head.length));
      assert.deepEqual(Buffer.from(tail), bytes.subarray(bytes.length - tail.length));
    });

  test("reads as much of a large list as of a small one", () => {
    const ca = new TestCa();
    const fields = {
      issuerName: ca.certificate.subjectName,
      thisUpdate: THIS_UPDATE,
      nextUpdate: THIS_UPDATE + 100,
      cRLNumber: 7n,
      authorityKeyIdentifier: new Uint8Array(20),
    };
    const { extensions, read } = outline(largeCrl(fields, 3_000_000, ca.signer.privateKey));
    assert.equal(extensions.cRLNumber, 7n);
    assert.ok(read <= 128 * 1024, String(read));
  });

  test("a truncated or prolonged file is refused at every length", () => {
    const bytes = rawCertificateList({ entries });
    for (let length = 0; length < bytes.length; length++) refused(bytes.subarray(0, length));
    refused(Buffer.concat([bytes, Buffer.of(0)]));
    refused(bytes, bytes.length + 1);
    refused(bytes, bytes.length - 1);
    refused(bytes.subarray(0, bytes.length - 1), bytes.length);
  });

  test("a critical extension that is not known is refused", () =>
    refused(rawCertificateList({ extensions: [AKI, CRL_NUMBER, extension("1.2.3.4", integer(1), true)] })));

  test("lengths that lie are refused before anything is allocated", () => {
    const huge = Buffer.from("3084ffffffff3084fffffff0", "hex");
    refused(huge);
    refused(huge, 2 ** 32 + 5);
  });
});
