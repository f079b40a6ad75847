import { EntryEncoder, MAX_ENTRY_LENGTH } from "../crl/entry.js";
import type { Table } from "./environment.js";
import { SCOPED_SERIAL, type StatusRow, scopedKey, scopeKey, scopeRange } from "./layout.js";

/**
 * What a scope's CRL lists, as the builder copies it: encoded entries in ascending order of serial, some thirty to a
 * block, so that a walk through a million of them is forty thousand reads. A block covers the serials from its key to
 * the next block's; the first one's key is the scope with an empty serial. The same journal makes the same blocks.
 *
 *   block    records, one after the other
 *   record   octets of the entry 1 | notAfter 5 | position of the last change 6 | entry, DER
 */

const HEADER = 12;

/** LMDB keeps a value in its page up to about 2,000 octets with the key; longer ones take pages of their own. */
const BLOCK_OCTETS = 1_900;

const encoder = new EntryEncoder();

/** Walks the records of a block without allocating. */
export class ListedCursor {
  /** The entry in the block. */
  start = 0;
  stop = 0;

  constructor(private block: Buffer = Buffer.alloc(0)) {}

  reset(block: Buffer): void {
    this.block = block;
    this.stop = 0;
  }

  /** Goes on to the next record; false after the last. */
  next(): boolean {
    const at = this.stop;
    if (at >= this.block.length) return false;
    this.start = at + HEADER;
    this.stop = this.start + (this.block[at] as number);
    return true;
  }

  get notAfter(): number {
    return this.block.readUIntBE(this.start - 11, 5);
  }

  /** Journal position of the certificate's last change. */
  get position(): number {
    return this.block.readUIntBE(this.start - 6, 6);
  }
}

/** A record for a certificate that is not good. */
export function encodeListed(serial: Uint8Array, row: Omit<StatusRow, "shard" | "synthetic">): Buffer {
  const out = Buffer.allocUnsafe(HEADER + MAX_ENTRY_LENGTH);
  const end = encoder.write(out, HEADER, {
    bytes: serial,
    serialStart: 0,
    serialStop: serial.length,
    revocationDate: row.revocationTime,
    reasonCode: row.reason,
    invalidityDate: row.invalidityDate,
  });
  out[0] = end - HEADER;
  out.writeUIntBE(row.notAfter, 1, 5);
  out.writeUIntBE(row.position, 6, 6);
  return out.subarray(0, end);
}

/**
 * Puts records, in ascending order of serial, in their places, each instead of one for the same serial. Those that
 * belong to one block cost little more than one.
 */
export function putListed(table: Table, issuer: number, scope: number, records: readonly Buffer[]): void {
  for (let from = 0; from < records.length; ) {
    const serial = listedSerial(records[from] as Buffer, HEADER);
    const found = findBlock(table, issuer, scope, serial);
    const { key } = found;
    const isLast = records.length - from === 1;
    // To look for the next block takes this one back.
    const block = isLast ? found.block : Buffer.from(found.block);
    const end = isLast ? undefined : keyAfter(table, issuer, scope, serial);
    let to = from + 1;
    while (to < records.length && isBefore(records[to] as Buffer, end)) to++;
    const grown = to === from + 1 ? withRecord(block, serial, records[from] as Buffer) : undefined;
    if (grown !== undefined) table.put(key, grown);
    else writeBlocks(table, issuer, scope, key, merged(block, records.slice(from, to)));
    from = to;
  }
}

/** Takes a serial's record out, if there is one. */
export function removeListed(table: Table, issuer: number, scope: number, serial: Uint8Array): void {
  const { key, block } = findBlock(table, issuer, scope, serial);
  const { start, stop } = findPlace(block, serial);
  if (start === stop) return;
  const rest = Buffer.concat([block.subarray(0, start), block.subarray(stop)]);
  if (rest.length === 0) table.remove(key);
  else table.put(key, rest);
}

/** Serial (magnitude) of the entry that begins at `start` of a block, borrowed. */
export function listedSerial(block: Buffer, start: number): Buffer {
  const content = start + 4;
  const stop = content + (block[start + 3] as number);
  return block.subarray(block[content] === 0 ? content + 1 : content, stop);
}

/** The block where a serial belongs, borrowed until the table is read again. */
function findBlock(
  table: Table,
  issuer: number,
  scope: number,
  serial: Uint8Array,
): { key: Buffer; block: Buffer } {
  const range = {
    start: scopedKey(issuer, scope, serial),
    end: scopeKey(issuer, scope),
    reverse: true,
    limit: 1,
  };
  for (const { key, value } of table.getRange(range)) return { key: Buffer.from(key), block: value };
  return { key: scopedKey(issuer, scope, NO_SERIAL), block: Buffer.alloc(0) };
}

const NO_SERIAL = new Uint8Array(0);

/** Key of the first block after a serial. */
function keyAfter(table: Table, issuer: number, scope: number, serial: Uint8Array): Buffer | undefined {
  const { end } = scopeRange(issuer, scope);
  const range = { start: scopedKey(issuer, scope, serial), exclusiveStart: true, end, limit: 1 };
  for (const key of table.getKeys(range)) return Buffer.from(key);
  return undefined;
}

function isBefore(record: Buffer, key: Buffer | undefined): boolean {
  return key === undefined || compareSerials(record, HEADER, key.subarray(SCOPED_SERIAL)) < 0;
}

/** What a block has become. */
interface Merged {
  readonly records: Buffer[];
  /** True if all that is new came after what was there. */
  readonly appended: boolean;
}

function merged(block: Buffer, added: readonly Buffer[]): Merged {
  const records: Buffer[] = [];
  let next = 0;
  let appended = true;
  for (const cursor = new ListedCursor(block); cursor.next(); ) {
    let order = -1;
    for (; next < added.length && order < 0; next++) {
      const record = added[next] as Buffer;
      order = compareSerials(record, HEADER, listedSerial(block, cursor.start));
      if (order > 0) break;
      records.push(record);
      appended = false;
    }
    if (order !== 0) records.push(block.subarray(cursor.start - HEADER, cursor.stop));
  }
  records.push(...added.slice(next));
  return { records, appended };
}

/** Writes records under `key`, and as many more blocks as they need: full ones in a row of serials, else even ones. */
function writeBlocks(
  table: Table,
  issuer: number,
  scope: number,
  key: Buffer,
  { records, appended }: Merged,
): void {
  const octets = records.reduce((sum, record) => sum + record.length, 0);
  const room = appended ? BLOCK_OCTETS : octets / Math.ceil(octets / BLOCK_OCTETS);
  let blockKey = key;
  for (let from = 0; from < records.length; ) {
    let filled = 0;
    let to = from;
    for (; to < records.length; to++) {
      const { length } = records[to] as Buffer;
      if (to > from && (filled >= room || filled + length > BLOCK_OCTETS)) break;
      filled += length;
    }
    if (from > 0) blockKey = scopedKey(issuer, scope, listedSerial(records[from] as Buffer, HEADER));
    table.put(blockKey, Buffer.concat(records.slice(from, to)));
    from = to;
  }
}

/** Where the serial's record is, or would be: then start and stop are the same. */
function findPlace(block: Buffer, serial: Uint8Array): { start: number; stop: number } {
  let end = 0;
  for (const cursor = new ListedCursor(block); cursor.next(); end = cursor.stop) {
    const order = compareSerials(block, cursor.start, serial);
    const start = cursor.start - HEADER;
    if (order >= 0) return { start, stop: order === 0 ? cursor.stop : start };
  }
  return { start: end, stop: end };
}

/** The block with one record more, or another for the same serial; undefined if it has no room for it. */
function withRecord(block: Buffer, serial: Uint8Array, record: Buffer): Buffer | undefined {
  const { start, stop } = findPlace(block, serial);
  if (block.length - (stop - start) + record.length > BLOCK_OCTETS) return undefined;
  return Buffer.concat([block.subarray(0, start), record, block.subarray(stop)]);
}

/** Order of an entry's serial and a magnitude, without allocating. */
function compareSerials(block: Buffer, entryStart: number, serial: Uint8Array): number {
  let at = entryStart + 4;
  let length = block[entryStart + 3] as number;
  if (block[at] === 0) {
    at++;
    length--;
  }
  if (length !== serial.length) return length - serial.length;
  for (let i = 0; i < length; i++) {
    const order = (block[at + i] as number) - (serial[i] as number);
    if (order !== 0) return order;
  }
  return 0;
}
