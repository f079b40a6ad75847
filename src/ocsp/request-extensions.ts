import { OID, oidContent } from "../asn1/oid.js";
import type { DerReader } from "../asn1/reader.js";
import { assertStrictDer } from "../asn1/strict-der.js";
import { contextConstructed, TAG } from "../asn1/tags.js";
import { latin1 } from "../core/bytes.js";

/** The extensions of a request (RFC 6960 4.4). */

/** A request that is well-formed DER but breaks RFC 6960; answered malformedRequest like a DerError. */
export class OcspRequestError extends Error {}

export interface RequestExtensions {
  /** Nonce to echo: 16 to 128 octets; shorter ones are ignored (standards D2, D3, P11). Borrowed. */
  readonly nonce: Uint8Array | undefined;
  /** True if there was a nonce, echoed or not. */
  readonly hasNonce: boolean;
  /** Contents (latin1) of the OIDs that the client prefers to be signed with, in its order (RFC 6960 4.4.7). */
  readonly preferredSignatureAlgorithms: readonly string[];
}

export const NO_EXTENSIONS: RequestExtensions = {
  nonce: undefined,
  hasNonce: false,
  preferredSignatureAlgorithms: [],
};

/** Bounds (standards P6). */
const MAX_EXTENSIONS = 64;
const MAX_PREFERRED = 32;

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

/** Extensions in [n] EXPLICIT (RFC 5280 4.1): those of the request, or with n = 0 of a single request. */
export function readExtensions(reader: DerReader, n: number): RequestExtensions {
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
      nonce = readNonce(reader);
      hasNonce = true;
    } else if (oid === EXTENSION.response) readAcceptableResponses(reader);
    else if (oid === EXTENSION.prefSigAlgs) preferredSignatureAlgorithms = readPreferredAlgorithms(reader);
    else if (oid === EXTENSION.serviceLocator) readServiceLocator(reader);
    reader.leave(extension);
  }
  reader.leave(list);
  reader.leave(explicit);
  return { nonce, hasNonce, preferredSignatureAlgorithms };
}

/** The nonce inside the extnValue just read: DER OCTET STRING of 1 to 128 octets (RFC 9654 2.1). */
function readNonce(reader: DerReader): Uint8Array | undefined {
  const value = reader.into();
  reader.next(TAG.OCTET_STRING);
  const nonce = reader.content();
  reader.leave(value);
  if (nonce.length < 1 || nonce.length > MAX_NONCE) throw new OcspRequestError("nonce of a wrong length");
  return nonce.length < MIN_ECHOED_NONCE ? undefined : nonce;
}

/** AcceptableResponses ::= SEQUENCE OF OBJECT IDENTIFIER; without id-pkix-ocsp-basic we cannot answer (standards D7). */
function readAcceptableResponses(reader: DerReader): void {
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
function readPreferredAlgorithms(reader: DerReader): string[] {
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
function readServiceLocator(reader: DerReader): void {
  const value = reader.into();
  reader.next(TAG.SEQUENCE);
  assertStrictDer(reader.element());
  reader.leave(value);
}
