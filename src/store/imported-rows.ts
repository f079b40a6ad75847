import { type CertState, MAX_SERIAL_OCTETS } from "./layout.js";

/**
 * Rows of certificates that were not issued here, packed as the journal holds them, in strictly ascending order of key:
 *
 *   serial length 1, serial | state 1 | notAfter 5 | unless good: reason 1, revocation time 5, invalidity date 5
 *
 * With random serials of 17 octets that is 24 octets a good row and 35 another one. Differences between neighbours
 * would save two octets of a random serial, so that they are not taken.
 */

const STATES: readonly CertState[] = ["good", "revoked", "held"];
const GOOD_CODE = 1;
const GOOD_OCTETS = 6;
const CHANGED_OCTETS = 17;
const MAX_ROW_OCTETS = 1 + MAX_SERIAL_OCTETS + CHANGED_OCTETS;

/** What an imported row says. Times are unix seconds, 0 stands for absent; all of a good row but notAfter is 0. */
export interface RowFacts {
  readonly state: CertState;
  readonly notAfter: number;
  readonly reason: number;
  readonly revocationTime: number;
  readonly invalidityDate: number;
}

/** Walks packed rows without an object for each: its fields are those of the row that `next` came to. */
export class RowCursor implements RowFacts {
  /** Where the row lies; its key after the issuer number is `start` to `serialEnd`. */
  start = 0;
  serialEnd = 0;
  end = 0;
  state: CertState = "good";
  notAfter = 0;
  reason = 0;
  revocationTime = 0;
  invalidityDate = 0;

  constructor(private readonly bytes: Buffer) {}

  /** False after the last row. Throws RangeError at one that cannot have been packed, or that is out of order. */
  next(): boolean {
    const { bytes, start: before } = this;
    const start = this.end;
    if (start === bytes.length) return false;
    const end = rowEnd(bytes, start);
    if (start > 0 && compareKeys(bytes, before, start) >= 0)
      throw new RangeError("rows that are not in ascending order");
    this.start = start;
    this.serialEnd = start + 1 + (bytes[start] as number);
    this.end = end;
    this.read(this.serialEnd);
    return true;
  }

  private read(at: number): void {
    const { bytes } = this;
    const code = bytes[at] as number;
    const good = code === GOOD_CODE;
    this.state = STATES[code - 1] as CertState;
    this.notAfter = bytes.readUIntBE(at + 1, 5);
    this.reason = good ? 0 : (bytes[at + 6] as number);
    this.revocationTime = good ? 0 : bytes.readUIntBE(at + 7, 5);
    this.invalidityDate = good ? 0 : bytes.readUIntBE(at + 12, 5);
  }
}

/** Number of packed rows. Throws RangeError like the cursor. */
export function countRows(bytes: Buffer): number {
  const cursor = new RowCursor(bytes);
  let count = 0;
  while (cursor.next()) count++;
  return count;
}

/** Packs rows in any order. */
export class RowPacker {
  private bytes = Buffer.allocUnsafe(64 * 1024);
  private length = 0;
  private last = 0;
  private ascending = true;

  /** Takes a copy of the serial (magnitude). Throws RangeError on what a row cannot hold. */
  add(serial: Uint8Array, facts: RowFacts): void {
    if (serial.length < 1 || serial.length > MAX_SERIAL_OCTETS || serial[0] === 0)
      throw new RangeError("not the magnitude of a serial number");
    this.reserve(MAX_ROW_OCTETS);
    const { bytes, length: start } = this;
    bytes[start] = serial.length;
    bytes.set(serial, start + 1);
    const at = start + 1 + serial.length;
    bytes[at] = STATES.indexOf(facts.state) + 1;
    bytes.writeUIntBE(facts.notAfter, at + 1, 5);
    if (facts.state !== "good") {
      bytes.writeUInt8(facts.reason, at + 6);
      bytes.writeUIntBE(facts.revocationTime, at + 7, 5);
      bytes.writeUIntBE(facts.invalidityDate, at + 12, 5);
    }
    if (start > 0 && this.ascending) this.ascending = compareKeys(bytes, this.last, start) < 0;
    this.last = start;
    this.length = at + (facts.state === "good" ? GOOD_OCTETS : CHANGED_OCTETS);
  }

  /** Everything that was added, ascending, in pieces of at most `most` rows. Throws RangeError at a serial that was added twice. */
  *pieces(most: number): Generator<Buffer> {
    const added = this.bytes.subarray(0, this.length);
    const rows = this.ascending ? added : sorted(added);
    const cursor = new RowCursor(rows);
    let start = 0;
    for (let count = 1; cursor.next(); count++) {
      if (count % most !== 0) continue;
      yield rows.subarray(start, cursor.end);
      start = cursor.end;
    }
    if (start < rows.length) yield rows.subarray(start);
  }

  private reserve(octets: number): void {
    if (this.length + octets <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * this.bytes.length);
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

/** Where the row that begins at `start` ends. Throws RangeError if there cannot be one. */
function rowEnd(bytes: Buffer, start: number): number {
  const octets = bytes[start] as number;
  const at = start + 1 + octets;
  const code = bytes[at];
  if (octets < 1 || octets > MAX_SERIAL_OCTETS || code === undefined || bytes[start + 1] === 0)
    throw new RangeError("not an imported row");
  const end = at + (code === GOOD_CODE ? GOOD_OCTETS : CHANGED_OCTETS);
  if (code < 1 || code > STATES.length || end > bytes.length) throw new RangeError("not an imported row");
  return end;
}

/** Order of the keys of two rows: of the numbers, because the length comes first. */
function compareKeys(bytes: Buffer, a: number, b: number): number {
  const octets = 1 + (bytes[a] as number);
  for (let i = 0; i < octets; i++) {
    const difference = (bytes[a + i] as number) - (bytes[b + i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The same rows in ascending order of key. */
function sorted(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (const start of ascendingStarts(bytes)) length += bytes.copy(out, length, start, rowEnd(bytes, start));
  return out;
}

/**
 * Where the rows begin, in ascending order of their keys. 64-bit numbers are sorted natively, so each is four octets of
 * the key, which differ in most rows, and where the row begins; only rows that share those four are compared octet by
 * octet. Serials of one length have them from the serial's first on.
 */
function ascendingStarts(bytes: Buffer): Uint32Array {
  const words = new Uint32Array(Math.floor(bytes.length / 4));
  const from = isOneLength(bytes) ? 1 : 0;
  let count = 0;
  for (let start = 0; start < bytes.length; start = rowEnd(bytes, start), count++) {
    words[2 * count] = start;
    words[2 * count + 1] = bytes.readUInt32BE(start + from);
  }
  new BigUint64Array(words.buffer, 0, count).sort();
  const starts = new Uint32Array(count);
  for (let at = 0; at < count; at++) starts[at] = words[2 * at] as number;
  for (let first = 0, next = 0; first < count; first = next) {
    while (next < count && words[2 * next + 1] === words[2 * first + 1]) next++;
    if (next - first > 1) starts.subarray(first, next).sort((a, b) => compareKeys(bytes, a, b));
  }
  return starts;
}

function isOneLength(bytes: Buffer): boolean {
  for (let start = 0; start < bytes.length; start = rowEnd(bytes, start))
    if (bytes[start] !== bytes[0]) return false;
  return true;
}
