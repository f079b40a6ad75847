import { OID, oidText } from "../asn1/oid.js";
import { DerError, type DerReader } from "../asn1/reader.js";
import { contextConstructed, contextPrimitive, TAG } from "../asn1/tags.js";
import { readGeneralizedTime, readTime } from "../asn1/time.js";
import { SekishoError } from "../core/errors.js";
import {
  type DistributionPointNames,
  readDistributionPointName,
  readDistributionPoints,
} from "./distribution-point.js";
import { ExtensionCursor } from "./extension-cursor.js";

/** Extensions of a CRL (RFC 5280 5.2). What was absent is undefined. Bytes are copies. */
export interface CrlExtensions {
  /** All of them, in order. */
  readonly list: readonly { readonly oid: string; readonly critical: boolean }[];
  readonly duplicates: boolean;
  readonly cRLNumber?: bigint;
  readonly authorityKeyIdentifier?: AuthorityKeyIdentifier;
  /** BaseCRLNumber: present in delta CRLs only. */
  readonly deltaCRLIndicator?: bigint;
  readonly issuingDistributionPoint?: IssuingDistributionPoint;
  readonly freshestCRL?: DistributionPointNames;
  /** Unix seconds: certificates that expired since then are still listed (X.509, standards L6). */
  readonly expiredCertsOnCRL?: number;
  /** Unix seconds: Microsoft's nextPublish, when the next list will lie ready (standards K3). */
  readonly nextPublish?: number;
}

export interface AuthorityKeyIdentifier {
  readonly keyIdentifier: Uint8Array | undefined;
  readonly authorityCertIssuer: boolean;
  readonly authorityCertSerialNumber: boolean;
}

/** issuingDistributionPoint (RFC 5280 5.2.5). */
export interface IssuingDistributionPoint {
  /** The whole value, to compare the scopes of two CRLs. */
  readonly der: Uint8Array;
  readonly distributionPoint: DistributionPointNames | undefined;
  readonly onlyContainsUserCerts: boolean;
  readonly onlyContainsCACerts: boolean;
  readonly onlySomeReasons: boolean;
  readonly indirectCRL: boolean;
  readonly onlyContainsAttributeCerts: boolean;
}

const NO_EXTENSIONS: CrlExtensions = { list: [], duplicates: false };

/** Numbers longer than this are refused. */
const MAX_NUMBER_OCTETS = 64;

/** What stands behind the entries up to the end of the reader's range: crlExtensions [0] EXPLICIT, or nothing. */
export function readTbsTail(reader: DerReader): CrlExtensions {
  let extensions = NO_EXTENSIONS;
  if (reader.more) {
    const end = reader.enter(contextConstructed(0));
    extensions = readCrlExtensions(reader);
    reader.leave(end);
  }
  reader.finish();
  return extensions;
}

/**
 * Reads the Extensions SEQUENCE that the reader stands on.
 * Throws DerError, or SekishoError CRL_INVALID on a critical extension that is not known (RFC 5280 5.2, standards P28).
 */
function readCrlExtensions(reader: DerReader): CrlExtensions {
  const cursor = new ExtensionCursor(reader);
  const list: { oid: string; critical: boolean }[] = [];
  const values: Partial<CrlExtensions> = {};
  cursor.open();
  while (cursor.next()) {
    const oid = oidText(reader.bytes.subarray(cursor.oidStart, cursor.oidStop));
    list.push({ oid, critical: cursor.critical });
    const read = READERS.get(oid);
    if (read !== undefined) Object.assign(values, read(reader));
    else if (cursor.critical) throw new SekishoError("CRL_INVALID", `critical extension ${oid} is not known`);
    else cursor.skip();
    cursor.leave();
  }
  return { ...values, list, duplicates: cursor.duplicates };
}

const READERS = new Map<string, (reader: DerReader) => Partial<CrlExtensions>>([
  [OID.cRLNumber, (reader) => ({ cRLNumber: readNumber(reader) })],
  [OID.deltaCRLIndicator, (reader) => ({ deltaCRLIndicator: readNumber(reader) })],
  [
    OID.issuingDistributionPoint,
    (reader) => ({ issuingDistributionPoint: readIssuingDistributionPoint(reader) }),
  ],
  [OID.authorityKeyIdentifier, (reader) => ({ authorityKeyIdentifier: readAuthorityKeyIdentifier(reader) })],
  [OID.freshestCRL, (reader) => ({ freshestCRL: readDistributionPoints(reader) })],
  [OID.expiredCertsOnCRL, (reader) => ({ expiredCertsOnCRL: readGeneralizedTime(reader) })],
  [OID.nextPublish, (reader) => ({ nextPublish: readTime(reader) })],
]);

/** A whole INTEGER, negative ones too, so that a linter can name what is wrong with it. */
function readNumber(reader: DerReader): bigint {
  reader.integer();
  const content = reader.content();
  if (content.length > MAX_NUMBER_OCTETS) throw new DerError("integer-out-of-range", reader.header);
  const unsigned = BigInt(`0x${Buffer.from(content).toString("hex")}`);
  return BigInt.asIntN(content.length * 8, unsigned);
}

function readAuthorityKeyIdentifier(reader: DerReader): AuthorityKeyIdentifier {
  const end = reader.enter(TAG.SEQUENCE);
  const keyIdentifier = reader.optional(contextPrimitive(0)) ? reader.content().slice() : undefined;
  const authorityCertIssuer = reader.optional(contextConstructed(1));
  const authorityCertSerialNumber = reader.optional(contextPrimitive(2));
  reader.leave(end);
  return { keyIdentifier, authorityCertIssuer, authorityCertSerialNumber };
}

function readIssuingDistributionPoint(reader: DerReader): IssuingDistributionPoint {
  const end = reader.enter(TAG.SEQUENCE);
  const der = reader.element().slice();
  const point = {
    der,
    distributionPoint:
      reader.peek() === contextConstructed(0) ? readDistributionPointName(reader) : undefined,
    onlyContainsUserCerts: readFlag(reader, 1),
    onlyContainsCACerts: readFlag(reader, 2),
    onlySomeReasons: reader.optional(contextPrimitive(3)),
    indirectCRL: readFlag(reader, 4),
    onlyContainsAttributeCerts: readFlag(reader, 5),
  };
  reader.leave(end);
  return point;
}

/** [n] IMPLICIT BOOLEAN DEFAULT FALSE. */
function readFlag(reader: DerReader, n: number): boolean {
  if (!reader.optional(contextPrimitive(n))) return false;
  const value = reader.bytes[reader.start];
  if (reader.stop - reader.start !== 1 || (value !== 0 && value !== 0xff))
    throw new DerError("boolean-not-der", reader.header);
  return value === 0xff;
}
