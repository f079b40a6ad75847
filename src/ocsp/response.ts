import { OID, oid } from "../asn1/oid.js";
import { contextConstructed, contextPrimitive, TAG } from "../asn1/tags.js";
import { generalizedTimeText } from "../asn1/time.js";
import {
  constructed,
  encode,
  encoded,
  headerLength,
  octetString,
  sequence,
  writeHeader,
} from "../asn1/writer.js";

/** OCSPResponseStatus values that are sent (RFC 6960 4.2.1; 4 is unused). */
export const RESPONSE_STATUS = {
  successful: 0,
  malformedRequest: 1,
  internalError: 2,
  tryLater: 3,
  sigRequired: 5,
  unauthorized: 6,
} as const;

export type ErrorStatus = Exclude<keyof typeof RESPONSE_STATUS, "successful">;

/** The unsigned answer `30 03 0A 01 NN` (standards B2). */
export function errorResponse(status: ErrorStatus): Buffer {
  return ERROR_RESPONSES[status];
}

const errorBytes = (status: ErrorStatus): Buffer => Buffer.of(0x30, 3, 0x0a, 1, RESPONSE_STATUS[status]);
const ERROR_RESPONSES: Record<ErrorStatus, Buffer> = {
  malformedRequest: errorBytes("malformedRequest"),
  internalError: errorBytes("internalError"),
  tryLater: errorBytes("tryLater"),
  sigRequired: errorBytes("sigRequired"),
  unauthorized: errorBytes("unauthorized"),
};

/** Status of one certificate as it is written. Times are unix seconds; reason 0 (unspecified) is left out (standards B10). */
export type CertStatus =
  | { readonly kind: "good" }
  | { readonly kind: "unknown" }
  | { readonly kind: "revoked"; readonly revocationTime: number; readonly reason: number };

export interface SingleResponse {
  /** CertID element of the request, byte for byte. */
  readonly certID: Uint8Array;
  readonly status: CertStatus;
  /** Extension elements; absent: none. */
  readonly extensions?: readonly Uint8Array[];
}

/** All that stays the same in the answers of one responder key; made once per delegate certificate. */
export interface ResponseTemplate {
  /** responderID: [1] EXPLICIT Name or [2] EXPLICIT KeyHash. */
  readonly responderID: Uint8Array;
  /** signatureAlgorithm element. */
  readonly signatureAlgorithm: Uint8Array;
  /** certs: [0] EXPLICIT SEQUENCE OF the delegate's certificate (standards B17). */
  readonly certificates: Uint8Array;
}

/** byName with the exact subject of the signer's certificate, or byKey with SHA-1 of its public key bits (standards B4). */
export type ResponderID = { readonly name: Uint8Array } | { readonly keyHash: Uint8Array };

export function responseTemplate(
  responderID: ResponderID,
  signatureAlgorithm: Uint8Array,
  certificate: Uint8Array,
): ResponseTemplate {
  const choice =
    "name" in responderID
      ? constructed(contextConstructed(1), encoded(responderID.name))
      : constructed(contextConstructed(2), octetString(responderID.keyHash));
  return {
    responderID: encode(choice),
    signatureAlgorithm,
    certificates: encode(constructed(contextConstructed(0), sequence(encoded(certificate)))),
  };
}

const TIME_OCTETS = 17;
const GOOD = Uint8Array.of(contextPrimitive(0), 0);
const UNKNOWN = Uint8Array.of(contextPrimitive(2), 0);
const REVOKED = contextConstructed(1);
const REASON_OCTETS = 5;
const BASIC_OID = encode(oid(OID.idPkixOcspBasic));

/**
 * The ResponseData to be signed (RFC 6960 4.2.1): version v1 left out, producedAt = thisUpdate (standards F7),
 * nextUpdate always present (B7), `extensions` as responseExtensions. Lengths are computed first, then every byte is
 * written once into one allocation.
 */
export function encodeResponseData(
  template: ResponseTemplate,
  responses: readonly SingleResponse[],
  thisUpdate: number,
  nextUpdate: number,
  extensions: readonly Uint8Array[],
): Uint8Array {
  let listLength = 0;
  for (const response of responses) listLength += withHeader(singleLength(response));
  const length =
    template.responderID.length + TIME_OCTETS + withHeader(listLength) + extensionsLength(extensions);

  const out = Buffer.allocUnsafe(withHeader(length));
  let at = writeHeader(out, 0, TAG.SEQUENCE, length);
  at = copy(out, at, template.responderID);
  at = writeTime(out, at, thisUpdate);
  at = writeHeader(out, at, TAG.SEQUENCE, listLength);
  for (const response of responses) {
    at = writeHeader(out, at, TAG.SEQUENCE, singleLength(response));
    at = copy(out, at, response.certID);
    at = writeStatus(out, at, response.status);
    at = writeTime(out, at, thisUpdate);
    at = writeHeader(out, at, contextConstructed(0), TIME_OCTETS);
    at = writeTime(out, at, nextUpdate);
    at = writeExtensions(out, at, response.extensions);
  }
  writeExtensions(out, at, extensions);
  return out;
}

/** The OCSPResponse around signed ResponseData: status successful, responseType id-pkix-ocsp-basic (standards B3). */
export function encodeOcspResponse(
  template: ResponseTemplate,
  responseData: Uint8Array,
  signature: Uint8Array,
): Buffer {
  const bitsLength = signature.length + 1;
  const basicLength =
    responseData.length +
    template.signatureAlgorithm.length +
    withHeader(bitsLength) +
    template.certificates.length;
  const octetsLength = withHeader(basicLength);
  const bytesLength = BASIC_OID.length + withHeader(octetsLength);
  const explicitLength = withHeader(bytesLength);
  const length = 3 + withHeader(explicitLength);

  const out = Buffer.allocUnsafe(withHeader(length));
  let at = writeHeader(out, 0, TAG.SEQUENCE, length);
  at = writeHeader(out, at, TAG.ENUMERATED, 1);
  out[at++] = RESPONSE_STATUS.successful;
  at = writeHeader(out, at, contextConstructed(0), explicitLength);
  at = writeHeader(out, at, TAG.SEQUENCE, bytesLength);
  at = copy(out, at, BASIC_OID);
  at = writeHeader(out, at, TAG.OCTET_STRING, octetsLength);
  at = writeHeader(out, at, TAG.SEQUENCE, basicLength);
  at = copy(out, at, responseData);
  at = copy(out, at, template.signatureAlgorithm);
  at = writeHeader(out, at, TAG.BIT_STRING, bitsLength);
  out[at++] = 0;
  at = copy(out, at, signature);
  copy(out, at, template.certificates);
  return out;
}

const withHeader = (contentLength: number): number => headerLength(contentLength) + contentLength;

function copy(out: Uint8Array, at: number, bytes: Uint8Array): number {
  out.set(bytes, at);
  return at + bytes.length;
}

/** Content length of a SingleResponse: CertID, status, thisUpdate, [0] nextUpdate, [1] singleExtensions. */
function singleLength({ certID, status, extensions }: SingleResponse): number {
  return certID.length + statusLength(status) + TIME_OCTETS + 2 + TIME_OCTETS + extensionsLength(extensions);
}

function statusLength(status: CertStatus): number {
  if (status.kind !== "revoked") return 2;
  return 2 + TIME_OCTETS + (status.reason === 0 ? 0 : REASON_OCTETS);
}

function writeStatus(out: Buffer, at: number, status: CertStatus): number {
  if (status.kind !== "revoked") return copy(out, at, status.kind === "good" ? GOOD : UNKNOWN);
  at = writeHeader(out, at, REVOKED, statusLength(status) - 2);
  at = writeTime(out, at, status.revocationTime);
  if (status.reason === 0) return at;
  at = writeHeader(out, at, contextConstructed(0), 3);
  at = writeHeader(out, at, TAG.ENUMERATED, 1);
  out[at++] = status.reason;
  return at;
}

function writeTime(out: Buffer, at: number, seconds: number): number {
  at = writeHeader(out, at, TAG.GENERALIZED_TIME, TIME_OCTETS - 2);
  return at + out.write(timeText(seconds), at, "latin1");
}

/** An answer writes two or three times, mostly the same two as the answer before. */
const recentTimes = new Map<number, string>();

function timeText(seconds: number): string {
  let text = recentTimes.get(seconds);
  if (text === undefined) {
    if (recentTimes.size >= 64) recentTimes.clear();
    text = generalizedTimeText(seconds);
    recentTimes.set(seconds, text);
  }
  return text;
}

/** Octets of [1] EXPLICIT Extensions around encoded Extension elements; 0 for none, which is left out. */
function extensionsLength(extensions: readonly Uint8Array[] = []): number {
  if (extensions.length === 0) return 0;
  return withHeader(withHeader(extensionsContent(extensions)));
}

function extensionsContent(extensions: readonly Uint8Array[]): number {
  let length = 0;
  for (const extension of extensions) length += extension.length;
  return length;
}

function writeExtensions(out: Uint8Array, at: number, extensions: readonly Uint8Array[] = []): number {
  if (extensions.length === 0) return at;
  const content = extensionsContent(extensions);
  at = writeHeader(out, at, contextConstructed(1), withHeader(content));
  at = writeHeader(out, at, TAG.SEQUENCE, content);
  for (const extension of extensions) at = copy(out, at, extension);
  return at;
}
