import { DerError, DerReader } from "../asn1/reader.js";
import { assertStrictDer } from "../asn1/strict-der.js";
import { contextConstructed, TAG } from "../asn1/tags.js";
import { readTime } from "../asn1/time.js";
import { bitString, encode, encoded, sequence } from "../asn1/writer.js";
import { bytesEqual } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";
import {
  type BasicConstraints,
  type Extension,
  type KeyUsageName,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readExtendedKeyUsage,
  readExtensions,
  readKeyUsage,
  readSubjectKeyIdentifier,
  repeatedExtension,
} from "./extensions.js";
import { readDer } from "./read-der.js";

/** Certificates that are read at all; ours are around 1 KiB. */
const MAX_CERTIFICATE_BYTES = 64 * 1024;
const MAX_SERIAL_OCTETS = 64;
const VERSION_3 = 2;

/** A TBSCertificate (RFC 5280 4.1.2). All bytes are borrowed from `tbsCertificate`; times are unix seconds. */
export interface TbsCertificate {
  /** DER of the TBSCertificate: what is signed. */
  readonly tbsCertificate: Uint8Array;
  /** Magnitude of the serial number. */
  readonly serialNumber: Uint8Array;
  /** Content octets of the serialNumber INTEGER: with sign octet, and for a foreign certificate maybe negative (P29). */
  readonly serialInteger: Uint8Array;
  /** DER AlgorithmIdentifier inside the TBSCertificate. */
  readonly signature: Uint8Array;
  /** DER Name. */
  readonly issuerName: Uint8Array;
  /** DER Validity. */
  readonly validity: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  /** DER Name. */
  readonly subjectName: Uint8Array;
  readonly subjectPublicKeyInfo: Uint8Array;
  /** Bits of subjectPublicKey without tag, length and unused-bits octet: what key hashes are made of. */
  readonly subjectPublicKeyBits: Uint8Array;
  readonly extensions: readonly Extension[];
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  readonly authorityKeyIdentifier: Uint8Array | undefined;
  readonly keyUsage: ReadonlySet<KeyUsageName> | undefined;
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly basicConstraints: BasicConstraints | undefined;
}

/** A version 3 certificate (RFC 5280 4.1). All bytes are borrowed from `der`. */
export interface Certificate extends TbsCertificate {
  readonly der: Uint8Array;
  /** DER AlgorithmIdentifier of the signature. */
  readonly signatureAlgorithm: Uint8Array;
  readonly signatureBits: Uint8Array;
}

/**
 * Reads a certificate strictly: DER, version 3, no unique identifiers, no extension twice, both algorithm identifiers
 * equal. Serial numbers that RFC 5280 forbids are read, because old roots carry them (standards P29). Verifies nothing.
 * Throws DER_INVALID.
 */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_CERTIFICATE_BYTES)
    throw new SekishoError("DER_INVALID", `certificate: more than ${MAX_CERTIFICATE_BYTES} bytes`);
  const certificate = readDer("certificate", () => {
    assertStrictDer(der);
    return readCertificate(der);
  });
  if (!bytesEqual(certificate.signatureAlgorithm, certificate.signature))
    throw new SekishoError("DER_INVALID", "certificate: its two signature algorithms differ");
  const repeated = repeatedExtension(certificate.extensions);
  if (repeated !== undefined)
    throw new SekishoError("DER_INVALID", `certificate: extension ${repeated} stands twice`);
  return certificate;
}

/** Reads a TBSCertificate strictly; a repeated extension is left to the caller. Throws DER_INVALID. */
export function parseTbsCertificate(der: Uint8Array): TbsCertificate {
  return readDer("tbsCertificate", () => readTbsCertificate(der));
}

/** Puts a certificate together from what was signed and the signature over it. */
export function assembleCertificate(
  tbsCertificate: Uint8Array,
  signatureAlgorithm: Uint8Array,
  signature: Uint8Array,
): Uint8Array {
  return encode(sequence(encoded(tbsCertificate), encoded(signatureAlgorithm), bitString(signature)));
}

/** Bits of subjectPublicKey in a DER SubjectPublicKeyInfo. Throws DerError. */
export function subjectPublicKeyBits(subjectPublicKeyInfo: Uint8Array): Uint8Array {
  const reader = new DerReader(subjectPublicKeyInfo);
  const outerEnd = reader.enter(TAG.SEQUENCE);
  reader.next(TAG.SEQUENCE);
  const bits = readWholeOctets(reader);
  reader.leave(outerEnd);
  reader.finish();
  return bits;
}

function readCertificate(der: Uint8Array): Certificate {
  const reader = new DerReader(der);
  const outerEnd = reader.enter(TAG.SEQUENCE);
  const tbs = readTbsCertificate(readElement(reader));
  const signatureAlgorithm = readElement(reader);
  const signatureBits = readWholeOctets(reader);
  reader.leave(outerEnd);
  reader.finish();
  return { ...tbs, der, signatureAlgorithm, signatureBits };
}

function readTbsCertificate(der: Uint8Array): TbsCertificate {
  const reader = new DerReader(der);
  const outerEnd = reader.enter(TAG.SEQUENCE);
  readVersion3(reader);
  const serial = readSerialNumber(reader);
  const signature = readElement(reader);
  const issuerName = readElement(reader);
  const validity = readValidity(reader);
  const subjectName = readElement(reader);
  const subjectPublicKeyInfo = readElement(reader);
  const extensions = readOptionalExtensions(reader);
  reader.leave(outerEnd);
  reader.finish();
  return {
    tbsCertificate: der,
    ...serial,
    signature,
    issuerName,
    ...validity,
    subjectName,
    subjectPublicKeyInfo,
    subjectPublicKeyBits: subjectPublicKeyBits(subjectPublicKeyInfo),
    extensions,
    subjectKeyIdentifier: readSubjectKeyIdentifier(extensions),
    authorityKeyIdentifier: readAuthorityKeyIdentifier(extensions),
    keyUsage: readKeyUsage(extensions),
    extendedKeyUsage: readExtendedKeyUsage(extensions),
    basicConstraints: readBasicConstraints(extensions),
  };
}

function readElement(reader: DerReader): Uint8Array {
  reader.next(TAG.SEQUENCE);
  return reader.element();
}

function readVersion3(reader: DerReader): void {
  const outerEnd = reader.enter(contextConstructed(0));
  if (reader.smallInteger() !== VERSION_3) throw new DerError("integer-out-of-range", reader.header);
  reader.leave(outerEnd);
}

function readSerialNumber(reader: DerReader): { serialNumber: Uint8Array; serialInteger: Uint8Array } {
  reader.integer();
  const serialInteger = reader.content();
  if (serialInteger.length > MAX_SERIAL_OCTETS) throw new DerError("integer-out-of-range", reader.header);
  const hasSignOctet = serialInteger.length > 1 && serialInteger[0] === 0;
  return { serialInteger, serialNumber: hasSignOctet ? serialInteger.subarray(1) : serialInteger };
}

function readValidity(reader: DerReader): Pick<TbsCertificate, "validity" | "notBefore" | "notAfter"> {
  const outerEnd = reader.enter(TAG.SEQUENCE);
  const validity = reader.element();
  const notBefore = readTime(reader);
  const notAfter = readTime(reader);
  reader.leave(outerEnd);
  return { validity, notBefore, notAfter };
}

/** A BIT STRING without unused bits, as keys and signatures are. */
function readWholeOctets(reader: DerReader): Uint8Array {
  if (reader.bitString() !== 0) throw new DerError("bit-string-unused-bits", reader.header);
  return reader.content();
}

function readOptionalExtensions(reader: DerReader): readonly Extension[] {
  // issuerUniqueID [1] and subjectUniqueID [2] are not read, so `leave` refuses them (standards I2).
  if (reader.peek() !== contextConstructed(3)) return [];
  const outerEnd = reader.enter(contextConstructed(3));
  const extensions = readExtensions(reader);
  reader.leave(outerEnd);
  return extensions;
}
