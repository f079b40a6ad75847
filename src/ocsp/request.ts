import { OID, oidContent } from "../asn1/oid.js";
import { DerError, DerReader } from "../asn1/reader.js";
import { assertStrictDer } from "../asn1/strict-der.js";
import { contextConstructed, contextPrimitive, TAG } from "../asn1/tags.js";
import { headerLength } from "../asn1/writer.js";
import { latin1 } from "../core/bytes.js";
import {
  NO_EXTENSIONS,
  OcspRequestError,
  type RequestExtensions,
  readExtensions,
} from "./request-extensions.js";

/** Bounds of one request (standards A10, P7, P13); operators set the number of CertIDs, up to this. */
export const MAX_CERT_IDS = 256;
const MAX_SERIAL_OCTETS = 64;
const MAX_SIGNATURE_CERTIFICATES = 5;

/** Hash algorithms that a CertID may use (standards A5); the index is part of `issuerKey`. */
export const CERT_ID_HASHES = ["sha1", "sha256", "sha384", "sha512"] as const;
export type CertIDHash = (typeof CERT_ID_HASHES)[number];
const HASH_OCTETS = [20, 32, 48, 64] as const;
const HASH_OIDS = CERT_ID_HASHES.map((name) => latin1(oidContent(OID[name])));

/** One CertID of a request; `encoded` and `serial` borrow from the request's bytes. */
export interface CertID {
  /** The CertID element as sent: echoed byte for byte in the answer (standards A6). */
  readonly encoded: Uint8Array;
  /** Key of the issuer by (hash algorithm, name hash, key hash); undefined for a hash algorithm we do not know. */
  readonly issuerKey: string | undefined;
  /** Magnitude of the serial number; undefined for zero or a negative one, which nobody can have issued (P8). */
  readonly serial: Uint8Array | undefined;
}

export interface OcspRequest extends RequestExtensions {
  readonly certIDs: readonly CertID[];
  /** optionalSignature, whose verification is the caller's. */
  readonly signature: RequestSignature | undefined;
  /** True if it is one CertID and nothing else: what clients without nonce send, byte for byte the same (RFC 9919). */
  readonly isPlain: boolean;
}

/** optionalSignature with what it is about (RFC 6960 4.1.1). All bytes are borrowed. */
export interface RequestSignature {
  /** The TBSRequest element: what is signed. */
  readonly tbsRequest: Uint8Array;
  /** The GeneralName element of requestorName. */
  readonly requestorName: Uint8Array | undefined;
  /** DER AlgorithmIdentifier. */
  readonly algorithm: Uint8Array;
  readonly signatureBits: Uint8Array;
  /** Certificate elements, at most five. */
  readonly certificates: readonly Uint8Array[];
}

/** Key under which an issuer answers to a CertID: algorithm index and both hashes, one character an octet (standards A4). */
export function issuerKey(hash: CertIDHash, nameHash: Uint8Array, keyHash: Uint8Array): string {
  return String.fromCharCode(CERT_ID_HASHES.indexOf(hash)) + latin1(nameHash) + latin1(keyHash);
}

/** The hash algorithm of a CertID, where we know it. */
export function certIDHash(certID: CertID | undefined): CertIDHash | undefined {
  return certID?.issuerKey === undefined ? undefined : CERT_ID_HASHES[certID.issuerKey.charCodeAt(0)];
}

/** One reader for all requests of this thread: parsing is synchronous and never re-entered. */
const reader = new DerReader(new Uint8Array(0));

/**
 * Parses an OCSPRequest (RFC 6960 4.1.1) strictly. The result borrows from `bytes`.
 * Throws DerError or OcspRequestError on anything that deserves malformedRequest.
 */
export function parseOcspRequest(bytes: Uint8Array, maxCertIDs = MAX_CERT_IDS): OcspRequest {
  reader.reset(bytes);
  const document = reader.enter(TAG.SEQUENCE);
  const tbsRequest = reader.enter(TAG.SEQUENCE);
  const { header: tbsStart, stop: tbsStop } = reader;
  if (reader.peek() === contextConstructed(0)) readVersion();
  const requestorName = reader.optional(contextConstructed(1)) ? readRequestorName() : undefined;
  const certIDs = readRequestList(maxCertIDs);
  const { nonce, hasNonce, preferredSignatureAlgorithms } =
    reader.peek() === contextConstructed(2) ? readExtensions(reader, 2) : NO_EXTENSIONS;
  reader.leave(tbsRequest);
  const signature =
    reader.peek() === contextConstructed(0)
      ? readSignature(bytes.subarray(tbsStart, tbsStop), requestorName)
      : undefined;
  reader.leave(document);
  reader.finish();
  const plain = isPlain(bytes.length, certIDs);
  return { certIDs, nonce, hasNonce, preferredSignatureAlgorithms, signature, isPlain: plain };
}

/** Whatever else a request had would make it longer than its only CertID in four SEQUENCEs. */
function isPlain(octets: number, [only, ...others]: readonly CertID[]): boolean {
  let length = only?.encoded.length ?? 0;
  for (let level = 0; level < 4; level++) length += headerLength(length);
  return others.length === 0 && octets === length;
}

/** version [0] EXPLICIT: only v1(0), which DER would omit but clients write (standards A1, P5). */
function readVersion(): void {
  const outer = reader.enter(contextConstructed(0));
  if (reader.smallInteger() !== 0) throw new OcspRequestError("unknown version");
  reader.leave(outer);
}

const DIRECTORY_NAME = contextConstructed(4);

/** The tags of GeneralName (RFC 5280 4.2.1.6). */
const GENERAL_NAME_TAGS: ReadonlySet<number> = new Set([
  ...[0, 3, 4, 5].map(contextConstructed),
  ...[1, 2, 6, 7, 8].map(contextPrimitive),
]);

/** requestorName [1] EXPLICIT GeneralName: without a signature it says nothing (standards A8, P12). */
function readRequestorName(): Uint8Array {
  const outer = reader.into();
  reader.any();
  if (!GENERAL_NAME_TAGS.has(reader.tag)) throw new OcspRequestError("requestorName is not a GeneralName");
  const name = reader.element();
  assertStrictDer(name);
  if (reader.tag === DIRECTORY_NAME) readDirectoryName();
  reader.leave(outer);
  return name;
}

/** directoryName [4] EXPLICIT Name (RFC 5280 4.1.2.4), which stands just read: the one kind that requestors are known by. */
function readDirectoryName(): void {
  const explicit = reader.into();
  const name = reader.enter(TAG.SEQUENCE);
  while (reader.more) {
    const relative = reader.enter(TAG.SET);
    do {
      const attribute = reader.enter(TAG.SEQUENCE);
      reader.oid();
      reader.any();
      reader.leave(attribute);
    } while (reader.more);
    reader.leave(relative);
  }
  reader.leave(name);
  reader.leave(explicit);
}

function readRequestList(maxCertIDs: number): CertID[] {
  const list = reader.enter(TAG.SEQUENCE);
  const certIDs: CertID[] = [];
  while (reader.more) {
    if (certIDs.length === maxCertIDs) throw new OcspRequestError("too many requests");
    const request = reader.enter(TAG.SEQUENCE);
    certIDs.push(readCertID());
    if (reader.peek() === contextConstructed(0)) readExtensions(reader, 0);
    reader.leave(request);
  }
  reader.leave(list);
  if (certIDs.length === 0) throw new OcspRequestError("empty requestList");
  return certIDs;
}

function readCertID(): CertID {
  const outer = reader.enter(TAG.SEQUENCE);
  const encoded = reader.bytes.subarray(reader.header, reader.stop);
  const hash = readHashAlgorithm();
  reader.next(TAG.OCTET_STRING);
  const nameStart = reader.start;
  const nameStop = reader.stop;
  reader.next(TAG.OCTET_STRING);
  const keyStart = reader.start;
  const keyStop = reader.stop;
  const serial = readSerial();
  reader.leave(outer);
  if (hash < 0) return { encoded, issuerKey: undefined, serial };
  if (nameStop - nameStart !== HASH_OCTETS[hash] || keyStop - keyStart !== HASH_OCTETS[hash])
    throw new OcspRequestError("hash of a wrong length");
  const { bytes } = reader;
  const key =
    String.fromCharCode(hash) + latin1(bytes, nameStart, nameStop) + latin1(bytes, keyStart, keyStop);
  return { encoded, issuerKey: key, serial };
}

/** Index of the hash algorithm, -1 if unknown. Parameters are absent or NULL. */
function readHashAlgorithm(): number {
  const outer = reader.enter(TAG.SEQUENCE);
  reader.oid();
  const oid = latin1(reader.bytes, reader.start, reader.stop);
  if (reader.more) reader.null();
  reader.leave(outer);
  return HASH_OIDS.indexOf(oid);
}

function readSerial(): Uint8Array | undefined {
  reader.integer();
  const { bytes, start, stop } = reader;
  if (stop - start > MAX_SERIAL_OCTETS) throw new OcspRequestError("serial number too long");
  const first = bytes[start] as number;
  if (first >= 0x80) return undefined;
  if (first !== 0) return bytes.subarray(start, stop);
  return stop - start === 1 ? undefined : bytes.subarray(start + 1, stop);
}

/** optionalSignature [0] EXPLICIT: checked for shape and size only (standards A8, P13). */
function readSignature(tbsRequest: Uint8Array, requestorName: Uint8Array | undefined): RequestSignature {
  const explicit = reader.enter(contextConstructed(0));
  const signature = reader.enter(TAG.SEQUENCE);
  const identifier = reader.enter(TAG.SEQUENCE);
  const algorithm = reader.bytes.subarray(reader.header, reader.stop);
  reader.oid();
  if (reader.more) reader.any();
  reader.leave(identifier);
  // Otherwise a signature whose last bit is 0 could be written in two ways.
  if (reader.bitString() !== 0) throw new OcspRequestError("signature is not whole octets");
  const signatureBits = reader.content();
  const certificates = reader.peek() === contextConstructed(0) ? readCertificates() : [];
  reader.leave(signature);
  reader.leave(explicit);
  return { tbsRequest, requestorName, algorithm, signatureBits, certificates };
}

function readCertificates(): Uint8Array[] {
  const explicit = reader.enter(contextConstructed(0));
  const list = reader.enter(TAG.SEQUENCE);
  const certificates: Uint8Array[] = [];
  while (reader.more) {
    if (certificates.length === MAX_SIGNATURE_CERTIFICATES)
      throw new OcspRequestError("too many certificates");
    reader.next(TAG.SEQUENCE);
    certificates.push(reader.element());
  }
  reader.leave(list);
  reader.leave(explicit);
  return certificates;
}

/** True for the errors that `parseOcspRequest` throws on hostile bytes. */
export function isMalformed(error: unknown): boolean {
  return error instanceof DerError || error instanceof OcspRequestError;
}
