import { OID, oidContent } from "../asn1/oid.js";
import { DerError, DerReader } from "../asn1/reader.js";
import { assertStrictDer } from "../asn1/strict-der.js";
import { contextConstructed, contextPrimitive, TAG } from "../asn1/tags.js";
import { headerLength } from "../asn1/writer.js";
import { latin1 } from "../core/bytes.js";

/** Bounds of one request (standards A10, P6, P7, P13). */
export const MAX_CERT_IDS = 16;
const MAX_EXTENSIONS = 64;
const MAX_SERIAL_OCTETS = 64;
const MAX_SIGNATURE_CERTIFICATES = 5;
const MAX_PREFERRED = 32;

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

export interface OcspRequest {
  readonly certIDs: readonly CertID[];
  /** Nonce to echo: 16 to 128 octets; shorter ones are ignored (standards D2, D3, P11). Borrowed. */
  readonly nonce: Uint8Array | undefined;
  /** True if there was a nonce, echoed or not. */
  readonly hasNonce: boolean;
  /** Contents (latin1) of the OIDs that the client prefers to be signed with, in its order (RFC 6960 4.4.7). */
  readonly preferredSignatureAlgorithms: readonly string[];
  /** True if it is one CertID and nothing else: what clients without nonce send, byte for byte the same (RFC 9919). */
  readonly isPlain: boolean;
}

/** A request that is well-formed DER but breaks RFC 6960; answered malformedRequest like a DerError. */
export class OcspRequestError extends Error {}

const EXTENSION = {
  nonce: latin1(oidContent(OID.idPkixOcspNonce)),
  response: latin1(oidContent(OID.idPkixOcspResponse)),
  serviceLocator: latin1(oidContent(OID.idPkixOcspServiceLocator)),
  prefSigAlgs: latin1(oidContent(OID.idPkixOcspPrefSigAlgs)),
};
const BASIC = latin1(oidContent(OID.idPkixOcspBasic));
const KNOWN_EXTENSIONS = new Set(Object.values(EXTENSION));
const MIN_ECHOED_NONCE = 16;
const MAX_NONCE = 128;

/** Key under which an issuer answers to a CertID: algorithm index and both hashes, one character an octet (standards A4). */
export function issuerKey(hash: CertIDHash, nameHash: Uint8Array, keyHash: Uint8Array): string {
  return String.fromCharCode(CERT_ID_HASHES.indexOf(hash)) + latin1(nameHash) + latin1(keyHash);
}

/** One reader for all requests of this thread: parsing is synchronous and never re-entered. */
const reader = new DerReader(new Uint8Array(0));

/**
 * Parses an OCSPRequest (RFC 6960 4.1.1) strictly. The result borrows from `bytes`.
 * Throws DerError or OcspRequestError on anything that deserves malformedRequest.
 */
export function parseOcspRequest(bytes: Uint8Array): OcspRequest {
  reader.reset(bytes);
  const document = reader.enter(TAG.SEQUENCE);
  const tbsRequest = reader.enter(TAG.SEQUENCE);
  if (reader.peek() === contextConstructed(0)) readVersion();
  if (reader.optional(contextConstructed(1))) readRequestorName();
  const certIDs = readRequestList();
  const extensions = reader.peek() === contextConstructed(2) ? readExtensions(2) : NO_EXTENSIONS;
  reader.leave(tbsRequest);
  if (reader.peek() === contextConstructed(0)) readSignature();
  reader.leave(document);
  reader.finish();
  return { certIDs, ...extensions, isPlain: isPlain(bytes.length, certIDs) };
}

/** Whatever else a request had would make it longer than its only CertID in four SEQUENCEs. */
function isPlain(octets: number, [only, ...others]: readonly CertID[]): boolean {
  let length = only?.encoded.length ?? 0;
  for (let level = 0; level < 4; level++) length += headerLength(length);
  return others.length === 0 && octets === length;
}

type RequestExtensions = Omit<OcspRequest, "certIDs" | "isPlain">;
const NO_EXTENSIONS: RequestExtensions = {
  nonce: undefined,
  hasNonce: false,
  preferredSignatureAlgorithms: [],
};

/** version [0] EXPLICIT: only v1(0), which DER would omit but clients write (standards A1, P5). */
function readVersion(): void {
  const outer = reader.enter(contextConstructed(0));
  if (reader.smallInteger() !== 0) throw new OcspRequestError("unknown version");
  reader.leave(outer);
}

/** The tags of GeneralName (RFC 5280 4.2.1.6). */
const GENERAL_NAME_TAGS: ReadonlySet<number> = new Set([
  ...[0, 3, 4, 5].map(contextConstructed),
  ...[1, 2, 6, 7, 8].map(contextPrimitive),
]);

/** requestorName [1] EXPLICIT GeneralName: checked for shape, used for nothing (standards A8, P12). */
function readRequestorName(): void {
  const outer = reader.into();
  reader.any();
  if (!GENERAL_NAME_TAGS.has(reader.tag)) throw new OcspRequestError("requestorName is not a GeneralName");
  assertStrictDer(reader.element());
  reader.leave(outer);
}

function readRequestList(): CertID[] {
  const list = reader.enter(TAG.SEQUENCE);
  const certIDs: CertID[] = [];
  while (reader.more) {
    if (certIDs.length === MAX_CERT_IDS) throw new OcspRequestError("too many requests");
    const request = reader.enter(TAG.SEQUENCE);
    certIDs.push(readCertID());
    if (reader.peek() === contextConstructed(0)) readExtensions(0);
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

/** Extensions in [n] EXPLICIT (RFC 5280 4.1): those of the request, or with n = 0 of a single request. */
function readExtensions(n: number): RequestExtensions {
  const explicit = reader.enter(contextConstructed(n));
  const list = reader.enter(TAG.SEQUENCE);
  if (!reader.more) throw new OcspRequestError("empty Extensions");
  const seen: string[] = [];
  let { nonce, hasNonce, preferredSignatureAlgorithms } = NO_EXTENSIONS;
  while (reader.more) {
    const extension = reader.enter(TAG.SEQUENCE);
    reader.oid();
    const oid = latin1(reader.bytes, reader.start, reader.stop);
    if (seen.includes(oid)) throw new OcspRequestError("duplicate extension");
    if (seen.push(oid) > MAX_EXTENSIONS) throw new OcspRequestError("too many extensions");
    const critical = reader.peek() === TAG.BOOLEAN && reader.boolean();
    if (critical && !KNOWN_EXTENSIONS.has(oid)) throw new OcspRequestError("unknown critical extension");
    reader.next(TAG.OCTET_STRING);
    if (oid === EXTENSION.nonce) {
      nonce = readNonce();
      hasNonce = true;
    } else if (oid === EXTENSION.response) readAcceptableResponses();
    else if (oid === EXTENSION.prefSigAlgs) preferredSignatureAlgorithms = readPreferredAlgorithms();
    else if (oid === EXTENSION.serviceLocator) readServiceLocator();
    reader.leave(extension);
  }
  reader.leave(list);
  reader.leave(explicit);
  return { nonce, hasNonce, preferredSignatureAlgorithms };
}

/** The nonce inside the extnValue just read: DER OCTET STRING of 1 to 128 octets (RFC 9654 2.1). */
function readNonce(): Uint8Array | undefined {
  const value = reader.into();
  reader.next(TAG.OCTET_STRING);
  const nonce = reader.content();
  reader.leave(value);
  if (nonce.length < 1 || nonce.length > MAX_NONCE) throw new OcspRequestError("nonce of a wrong length");
  return nonce.length < MIN_ECHOED_NONCE ? undefined : nonce;
}

/** AcceptableResponses ::= SEQUENCE OF OBJECT IDENTIFIER; without id-pkix-ocsp-basic we cannot answer (standards D7). */
function readAcceptableResponses(): void {
  const value = reader.into();
  const list = reader.enter(TAG.SEQUENCE);
  let basic = false;
  while (reader.more) {
    reader.oid();
    if (latin1(reader.bytes, reader.start, reader.stop) === BASIC) basic = true;
  }
  reader.leave(list);
  reader.leave(value);
  if (!basic) throw new OcspRequestError("id-pkix-ocsp-basic is not acceptable to the client");
}

/**
 * PreferredSignatureAlgorithms ::= SEQUENCE OF SEQUENCE { sigIdentifier, pubKeyAlgIdentifier OPTIONAL }. Parameters are
 * not looked at: the algorithms that are signed with have none, or NULL.
 */
function readPreferredAlgorithms(): string[] {
  const value = reader.into();
  const list = reader.enter(TAG.SEQUENCE);
  const algorithms: string[] = [];
  while (reader.more) {
    if (algorithms.length === MAX_PREFERRED) throw new OcspRequestError("too many preferred algorithms");
    const preferred = reader.enter(TAG.SEQUENCE);
    const identifier = reader.enter(TAG.SEQUENCE);
    reader.oid();
    algorithms.push(latin1(reader.bytes, reader.start, reader.stop));
    if (reader.more) reader.any();
    reader.leave(identifier);
    if (reader.more) reader.next(TAG.SEQUENCE);
    reader.leave(preferred);
  }
  reader.leave(list);
  reader.leave(value);
  return algorithms;
}

/** ServiceLocator ::= SEQUENCE { issuer Name, locator OPTIONAL }: checked for shape, never followed (standards D10). */
function readServiceLocator(): void {
  const value = reader.into();
  reader.next(TAG.SEQUENCE);
  assertStrictDer(reader.element());
  reader.leave(value);
}

/** optionalSignature [0] EXPLICIT: checked for shape and size, otherwise ignored (standards A8, P13). */
function readSignature(): void {
  const explicit = reader.enter(contextConstructed(0));
  const signature = reader.enter(TAG.SEQUENCE);
  const algorithm = reader.enter(TAG.SEQUENCE);
  reader.oid();
  if (reader.more) reader.any();
  reader.leave(algorithm);
  reader.bitString();
  if (reader.peek() === contextConstructed(0)) {
    const certificates = reader.enter(contextConstructed(0));
    const list = reader.enter(TAG.SEQUENCE);
    for (let count = 0; reader.more; count++) {
      if (count === MAX_SIGNATURE_CERTIFICATES) throw new OcspRequestError("too many certificates");
      reader.next(TAG.SEQUENCE);
    }
    reader.leave(list);
    reader.leave(certificates);
  }
  reader.leave(signature);
  reader.leave(explicit);
}

/** True for the errors that `parseOcspRequest` throws on hostile bytes. */
export function isMalformed(error: unknown): boolean {
  return error instanceof DerError || error instanceof OcspRequestError;
}
