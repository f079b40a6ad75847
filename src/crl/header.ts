import { DerError, type DerReader } from "../asn1/reader.js";
import { assertStrictDer } from "../asn1/strict-der.js";
import { TAG } from "../asn1/tags.js";
import { readTime } from "../asn1/time.js";

/** Fields of a tbsCertList before its entries (RFC 5280 5.1.2). Times are unix seconds; bytes are copies. */
export interface CrlHeader {
  /** As encoded: 1 is v2. Undefined if absent, which means v1. */
  readonly version: number | undefined;
  /** DER AlgorithmIdentifier. */
  readonly signature: Uint8Array;
  /** DER Name. */
  readonly issuerName: Uint8Array;
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  /** True if a time before 2050 is a GeneralizedTime (RFC 5280 5.1.2.4 wants UTCTime). */
  readonly wrongTimeType: boolean;
}

/** Reads the fields; the reader stands on the tbsCertList's content and afterwards behind nextUpdate. */
export function readCrlHeader(reader: DerReader): CrlHeader {
  const version = reader.peek() === TAG.INTEGER ? reader.smallInteger() : undefined;
  if (version !== undefined && version > 1) throw new DerError("integer-out-of-range", reader.header);
  const signature = readSequence(reader);
  const issuerName = readSequence(reader);
  const thisUpdate = readTime(reader);
  let wrongTimeType = isWrongTimeType(reader.tag, thisUpdate);
  let nextUpdate: number | undefined;
  if (reader.peek() === TAG.UTC_TIME || reader.peek() === TAG.GENERALIZED_TIME) {
    nextUpdate = readTime(reader);
    wrongTimeType ||= isWrongTimeType(reader.tag, nextUpdate);
  }
  return { version, signature, issuerName, thisUpdate, nextUpdate, wrongTimeType };
}

/** True for a GeneralizedTime that says a time from 1950 to 2049. UTCTime cannot say any other. */
export function isWrongTimeType(tag: number, seconds: number): boolean {
  return tag === TAG.GENERALIZED_TIME && seconds >= YEAR_1950 && seconds < YEAR_2050;
}

const YEAR_1950 = Date.UTC(1950, 0, 1) / 1000;
const YEAR_2050 = Date.UTC(2050, 0, 1) / 1000;

/** A copy of a SEQUENCE that is strict DER all through. */
function readSequence(reader: DerReader): Uint8Array {
  reader.next(TAG.SEQUENCE);
  const element = reader.element().slice();
  try {
    assertStrictDer(element);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new DerError(error.fault, reader.header + error.offset);
  }
  return element;
}
