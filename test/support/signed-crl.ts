import { OID } from "../../src/asn1/oid.js";
import { contextPrimitive } from "../../src/asn1/tags.js";
import { time } from "../../src/asn1/time.js";
import { type Der, encoded, integer, primitive, sequence } from "../../src/asn1/writer.js";
import { certificateListEnvelope } from "../../src/crl/tbs-cert-list.js";
import {
  DAY,
  extension,
  idpValue,
  type RawCrl,
  rawEntry,
  rawTbsCertList,
  reasonExtension,
} from "./raw-crl.js";
import { TEST_NOW, type TestCa } from "./test-ca.js";

/** A CRL that says anything, but is signed by the CA. What `fields` leave out is right. */
export function signedCrl(ca: TestCa, fields: RawCrl = {}): Buffer {
  const { signer, certificate } = ca;
  const tbs = rawTbsCertList({
    signature: encoded(signer.signatureAlgorithm),
    issuerName: encoded(certificate.subjectName),
    thisUpdate: time(TEST_NOW),
    nextUpdate: time(TEST_NOW + DAY),
    extensions: crlExtensions(ca, 7),
    ...fields,
  });
  const envelope = certificateListEnvelope(tbs.length, signer.signatureAlgorithm, signer.signNow(tbs));
  return Buffer.concat([envelope.header, tbs, envelope.trailer]);
}

/** authorityKeyIdentifier of the CA, the number, and what else is given. */
export const crlExtensions = (ca: TestCa, number: number, ...others: Der[]): Der[] => [
  extension(
    OID.authorityKeyIdentifier,
    sequence(primitive(contextPrimitive(0), ca.certificate.subjectKeyIdentifier as Uint8Array)),
  ),
  extension(OID.cRLNumber, integer(number)),
  ...others,
];

export const baseNumber = (number: number): Der => extension(OID.deltaCRLIndicator, integer(number), true);

export const partitionOf = (uri: string): Der => extension(OID.issuingDistributionPoint, idpValue(uri), true);

/** Entries of serials, a minute before TEST_NOW; a reason above zero as `[serial, reason]`. */
export const revoked = (...serials: (number | readonly [serial: number, reason: number])[]): Der[] =>
  serials.map((each) => {
    const [serial, reason] = typeof each === "number" ? [each, 0] : each;
    return rawEntry(serial, time(TEST_NOW - 60), ...(reason === 0 ? [] : [reasonExtension(reason)]));
  });
