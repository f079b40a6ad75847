import { TAG } from "../asn1/tags.js";
import { GENERALIZED_TIME_LENGTH, TimeEncoder, timeLength } from "../asn1/time-encoder.js";
import { MAX_REASON } from "./reason.js";

/**
 * One element of revokedCertificates (RFC 5280 5.1.2.6). The serial is borrowed from a larger buffer, so that an
 * object can be used again for a million entries.
 */
export interface RevokedEntry {
  /** Holds the serial number: minimal big-endian magnitude at `serialStart`..`serialStop`. */
  readonly bytes: Uint8Array;
  readonly serialStart: number;
  readonly serialStop: number;
  /** Unix seconds. */
  readonly revocationDate: number;
  /** CRLReason number; 0 is left out of the encoding (standards G11). */
  readonly reasonCode: number;
  /** Unix seconds; 0 is absent. */
  readonly invalidityDate: number;
}

/** RFC 5280 4.1.2.2. */
const MAX_SERIAL_OCTETS = 20;

/** Extension reasonCode up to its value: SEQUENCE { 2.5.29.21, OCTET STRING { ENUMERATED } }, not critical. */
const REASON_CODE = Uint8Array.of(0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01);

/** Extension invalidityDate up to its value: SEQUENCE { 2.5.29.24, OCTET STRING { GeneralizedTime } }, not critical. */
const INVALIDITY_DATE = Uint8Array.of(0x30, 0x18, 0x06, 0x03, 0x55, 0x1d, 0x18, 0x04, 0x11);

const REASON_CODE_LENGTH = REASON_CODE.length + 1;
const INVALIDITY_DATE_LENGTH = INVALIDITY_DATE.length + GENERALIZED_TIME_LENGTH;

/** Upper bound of `entryLength`: serial 23, time 17, extensions 40, header 2. */
export const MAX_ENTRY_LENGTH = 82;

/**
 * Length in bytes of the encoded entry, for the measuring pass.
 * Throws RangeError on a serial that is not a minimal magnitude of 1 to 20 octets.
 */
export function entryLength(entry: RevokedEntry): number {
  const extensions = extensionsLength(entry);
  const extensionsElement = extensions === 0 ? 0 : 2 + extensions;
  return 2 + 2 + serialLength(entry) + timeLength(entry.revocationDate) + extensionsElement;
}

/** Writes entries without allocating. Every length in an entry is below 128, so each takes one octet. */
export class EntryEncoder {
  private readonly revocationDates = new TimeEncoder();
  private readonly invalidityDates = new TimeEncoder();

  /**
   * Writes the entry at `at`, where `entryLength(entry)` bytes must be free; returns the offset after it.
   * Throws RangeError like `entryLength`, or on a time outside 1970 to 9999 or a reason outside 0 to 10.
   */
  write(out: Uint8Array, at: number, entry: RevokedEntry): number {
    out[at] = TAG.SEQUENCE;
    const start = at + 2;
    let next = writeSerial(out, start, entry);
    next = this.revocationDates.writeTime(out, next, entry.revocationDate);
    next = this.writeExtensions(out, next, entry);
    out[at + 1] = next - start;
    return next;
  }

  private writeExtensions(out: Uint8Array, at: number, entry: RevokedEntry): number {
    const length = extensionsLength(entry);
    if (length === 0) return at;
    out[at++] = TAG.SEQUENCE;
    out[at++] = length;
    if (entry.reasonCode !== 0) at = writeReasonCode(out, at, entry.reasonCode);
    if (entry.invalidityDate === 0) return at;
    at = copy(INVALIDITY_DATE, out, at);
    return this.invalidityDates.writeGeneralizedTime(out, at, entry.invalidityDate);
  }
}

function extensionsLength(entry: RevokedEntry): number {
  return (
    (entry.reasonCode === 0 ? 0 : REASON_CODE_LENGTH) +
    (entry.invalidityDate === 0 ? 0 : INVALIDITY_DATE_LENGTH)
  );
}

/** Content octets of the serial's INTEGER: a sign octet stands before a magnitude with its top bit set. */
function serialLength({ bytes, serialStart, serialStop }: RevokedEntry): number {
  const octets = serialStop - serialStart;
  const first = bytes[serialStart] as number;
  if (octets < 1 || octets > MAX_SERIAL_OCTETS || first === 0)
    throw new RangeError("a serial number is a minimal magnitude of 1 to 20 octets");
  return first >= 0x80 ? octets + 1 : octets;
}

function writeSerial(out: Uint8Array, at: number, entry: RevokedEntry): number {
  const length = serialLength(entry);
  const { bytes, serialStart, serialStop } = entry;
  out[at++] = TAG.INTEGER;
  out[at++] = length;
  if (length > serialStop - serialStart) out[at++] = 0;
  for (let i = serialStart; i < serialStop; i++) out[at++] = bytes[i] as number;
  return at;
}

function writeReasonCode(out: Uint8Array, at: number, reasonCode: number): number {
  if (!(reasonCode > 0 && reasonCode <= MAX_REASON)) throw new RangeError(`not a CRLReason: ${reasonCode}`);
  const next = copy(REASON_CODE, out, at);
  out[next] = reasonCode;
  return next + 1;
}

/** A loop: for a dozen bytes it is quicker than `set`. */
function copy(from: Uint8Array, out: Uint8Array, at: number): number {
  for (let i = 0; i < from.length; i++) out[at++] = from[i] as number;
  return at;
}
