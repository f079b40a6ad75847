import { oidText } from "../../src/asn1/oid.js";
import { DerError, DerReader } from "../../src/asn1/reader.js";
import { contextConstructed, contextPrimitive, TAG } from "../../src/asn1/tags.js";
import { readTime } from "../../src/asn1/time.js";
import { asBuffer } from "../../src/core/bytes.js";

/** An OCSPResponse (RFC 6960 4.2.1) as it came: what a check may find fault with is read, not refused. */
export interface OcspAnswer {
  readonly status: number;
  /** OID of responseBytes; undefined without responseBytes. */
  readonly responseType: string | undefined;
  readonly basic: BasicAnswer | undefined;
}

export interface BasicAnswer {
  readonly der: Uint8Array;
  /** DER of ResponseData: what is signed. */
  readonly responseData: Uint8Array;
  readonly hasVersion: boolean;
  readonly responderID: { readonly name: Uint8Array } | { readonly keyHash: Uint8Array };
  readonly producedAt: Time;
  readonly singles: readonly Single[];
  readonly extensions: readonly ExtensionView[];
  /** DER AlgorithmIdentifier. */
  readonly signatureAlgorithm: Uint8Array;
  readonly signature: Uint8Array;
  /** DER certificates; undefined when certs is absent. */
  readonly certificates: readonly Uint8Array[] | undefined;
}

export interface Single {
  /** CertID element. */
  readonly certID: Uint8Array;
  /** certStatus element. */
  readonly certStatus: Uint8Array;
  readonly status: "good" | "revoked" | "unknown" | "invalid";
  readonly revocationTime: Time | undefined;
  /** revocationReason when it is encoded. */
  readonly reason: number | undefined;
  readonly thisUpdate: Time;
  readonly nextUpdate: Time | undefined;
  readonly extensions: readonly ExtensionView[];
}

export interface Time {
  readonly text: string;
  /** Unix seconds; NaN if it is no time. */
  readonly seconds: number;
  /** True for GeneralizedTime YYYYMMDDHHMMSSZ. */
  readonly wellFormed: boolean;
}

export interface ExtensionView {
  readonly oid: string;
  /** Undefined when the field is left out, as DER wants it for FALSE. */
  readonly critical: boolean | undefined;
  readonly value: Uint8Array;
}

const SUCCESSFUL = 0;
export const ID_PKIX_OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1";

/** Throws DerError on bytes that do not have the structure. */
export function readOcspAnswer(der: Uint8Array): OcspAnswer {
  const reader = new DerReader(der);
  const end = reader.enter(TAG.SEQUENCE);
  const status = reader.smallInteger(TAG.ENUMERATED);
  const bytes = reader.more ? readResponseBytes(reader) : undefined;
  reader.leave(end);
  reader.finish();
  const isBasic = status === SUCCESSFUL && bytes?.type === ID_PKIX_OCSP_BASIC;
  return { status, responseType: bytes?.type, basic: isBasic ? readBasic(bytes.response) : undefined };
}

function readResponseBytes(reader: DerReader): { type: string; response: Uint8Array } {
  const explicit = reader.enter(contextConstructed(0));
  const end = reader.enter(TAG.SEQUENCE);
  reader.oid();
  const type = oidText(reader.content());
  reader.next(TAG.OCTET_STRING);
  const response = reader.content();
  reader.leave(end);
  reader.leave(explicit);
  return { type, response };
}

function readBasic(der: Uint8Array): BasicAnswer {
  const reader = new DerReader(der);
  const end = reader.enter(TAG.SEQUENCE);
  reader.next(TAG.SEQUENCE);
  const responseData = reader.element();
  reader.next(TAG.SEQUENCE);
  const signatureAlgorithm = reader.element();
  reader.bitString();
  const signature = reader.content();
  const certificates = reader.more ? readCertificates(reader) : undefined;
  reader.leave(end);
  reader.finish();
  return {
    der,
    responseData,
    ...readResponseData(responseData),
    signatureAlgorithm,
    signature,
    certificates,
  };
}

function readCertificates(reader: DerReader): Uint8Array[] {
  const explicit = reader.enter(contextConstructed(0));
  const certificates = readList(reader, () => {
    reader.next(TAG.SEQUENCE);
    return reader.element();
  });
  reader.leave(explicit);
  return certificates;
}

type ResponseData = Pick<BasicAnswer, "hasVersion" | "responderID" | "producedAt" | "singles" | "extensions">;

function readResponseData(der: Uint8Array): ResponseData {
  const reader = new DerReader(der);
  const end = reader.enter(TAG.SEQUENCE);
  const hasVersion = reader.optional(contextConstructed(0));
  const responderID = readResponderID(reader);
  const producedAt = readAnyTime(reader);
  const singles = readList(reader, () => readSingle(reader));
  const extensions = readExtensions(reader);
  reader.leave(end);
  reader.finish();
  return { hasVersion, responderID, producedAt, singles, extensions };
}

function readResponderID(reader: DerReader): BasicAnswer["responderID"] {
  const byName = reader.peek() === contextConstructed(1);
  const explicit = reader.enter(contextConstructed(byName ? 1 : 2));
  reader.next(byName ? TAG.SEQUENCE : TAG.OCTET_STRING);
  const responderID = byName ? { name: reader.element() } : { keyHash: reader.content() };
  reader.leave(explicit);
  return responderID;
}

function readSingle(reader: DerReader): Single {
  const end = reader.enter(TAG.SEQUENCE);
  reader.next(TAG.SEQUENCE);
  const certID = reader.element();
  reader.any();
  const certStatus = reader.element();
  const revoked = reader.tag === contextConstructed(1) ? readRevoked(reader) : undefined;
  const thisUpdate = readAnyTime(reader);
  const nextUpdate = reader.peek() === contextConstructed(0) ? readExplicitTime(reader) : undefined;
  const extensions = readExtensions(reader);
  reader.leave(end);
  return {
    certID,
    certStatus,
    status: STATUS[certStatus[0] as number] ?? "invalid",
    revocationTime: revoked?.time,
    reason: revoked?.reason,
    thisUpdate,
    nextUpdate,
    extensions,
  };
}

const STATUS: Readonly<Record<number, Single["status"]>> = {
  [contextPrimitive(0)]: "good",
  [contextConstructed(1)]: "revoked",
  [contextPrimitive(2)]: "unknown",
};

/** RevokedInfo in the element just read. */
function readRevoked(reader: DerReader): { time: Time; reason: number | undefined } {
  const end = reader.into();
  const time = readAnyTime(reader);
  let reason: number | undefined;
  if (reader.more) {
    const explicit = reader.enter(contextConstructed(0));
    reason = reader.smallInteger(TAG.ENUMERATED);
    reader.leave(explicit);
  }
  reader.leave(end);
  return { time, reason };
}

function readExplicitTime(reader: DerReader): Time {
  const explicit = reader.enter(contextConstructed(0));
  const time = readAnyTime(reader);
  reader.leave(explicit);
  return time;
}

/** A time in whatever form it has; with a fraction of a second it still counts. */
function readAnyTime(reader: DerReader): Time {
  reader.any();
  const text = asBuffer(reader.content()).toString("latin1");
  const whole = /^(\d{14})(\.\d+)?Z$/.exec(text)?.[1];
  const isGeneralized = reader.tag === TAG.GENERALIZED_TIME;
  const seconds = whole === undefined ? Number.NaN : secondsOf(`${whole}Z`);
  const wellFormed = isGeneralized && text === `${whole}Z` && !Number.isNaN(seconds);
  return { text, seconds, wellFormed };
}

function secondsOf(text: string): number {
  const content = Buffer.from(text, "latin1");
  try {
    return readTime(new DerReader(Buffer.concat([Buffer.of(TAG.GENERALIZED_TIME, content.length), content])));
  } catch (error) {
    if (error instanceof DerError) return Number.NaN;
    throw error;
  }
}

/** Extensions in [1] EXPLICIT, if they come next. */
function readExtensions(reader: DerReader): ExtensionView[] {
  if (reader.peek() !== contextConstructed(1)) return [];
  const explicit = reader.enter(contextConstructed(1));
  const extensions = readList(reader, () => {
    const end = reader.enter(TAG.SEQUENCE);
    reader.oid();
    const oid = oidText(reader.content());
    const critical = reader.peek() === TAG.BOOLEAN ? reader.boolean() : undefined;
    reader.next(TAG.OCTET_STRING);
    const value = reader.content();
    reader.leave(end);
    return { oid, critical, value };
  });
  reader.leave(explicit);
  return extensions;
}

/** The elements of a SEQUENCE OF. */
function readList<T>(reader: DerReader, read: () => T): T[] {
  const end = reader.enter(TAG.SEQUENCE);
  const items: T[] = [];
  while (reader.more) items.push(read());
  reader.leave(end);
  return items;
}
