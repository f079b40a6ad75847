import { EntryEncoder, MAX_ENTRY_LENGTH } from "../crl/entry.js";
import type { Table } from "./environment.js";
import { type StatusRow, scopedKey, scopeKey } from "./layout.js";

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
export function encodeListed(serial: Uint8Array, row: StatusRow): Buffer {
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

/** Puts a record in its place, instead of one for the same serial. */
export function putListed(
  table: Table,
  issuer: number,
  scope: number,
  serial: Uint8Array,
  record: Buffer,
): void {
  const { key, block } = findBlock(table, issuer, scope, serial);
  const { start, stop } = findRecord(block, serial);
  const before = block.subarray(0, start);
  const after = block.subarray(stop);
  if (before.length + record.length + after.length <= BLOCK_OCTETS)
    table.put(key, Buffer.concat([before, record, after]));
  // Serials that come in ascending order fill their blocks.
  else if (after.length === 0 && stop === start) table.put(scopedKey(issuer, scope, serial), record);
  else split(table, issuer, scope, key, Buffer.concat([before, record, after]));
}

/** Takes a serial's record out, if there is one. */
export function removeListed(table: Table, issuer: number, scope: number, serial: Uint8Array): void {
  const { key, block } = findBlock(table, issuer, scope, serial);
  const { start, stop } = findRecord(block, serial);
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
  for (const { key, value } of table.getRange(range))
    return { key: Buffer.from(key), block: Buffer.from(value) };
  return { key: scopedKey(issuer, scope, NO_SERIAL), block: Buffer.alloc(0) };
}

const NO_SERIAL = new Uint8Array(0);

/** Where the serial's record is, or would be: then start and stop are the same. */
function findRecord(block: Buffer, serial: Uint8Array): { start: number; stop: number } {
  const cursor = new ListedCursor(block);
  let end = 0;
  while (cursor.next()) {
    const order = compare(block, cursor.start, serial);
    if (order >= 0)
      return { start: cursor.start - HEADER, stop: order === 0 ? cursor.stop : cursor.start - HEADER };
    end = cursor.stop;
  }
  return { start: end, stop: end };
}

/** Order of an entry's serial and a magnitude. */
function compare(block: Buffer, entryStart: number, serial: Uint8Array): number {
  const listed = listedSerial(block, entryStart);
  return listed.length === serial.length ? Buffer.compare(listed, serial) : listed.length - serial.length;
}

/** Leaves the first half under its key; the second gets that of its first serial. */
function split(table: Table, issuer: number, scope: number, key: Buffer, block: Buffer): void {
  const cursor = new ListedCursor(block);
  while (cursor.next() && cursor.stop < block.length / 2);
  const half = cursor.stop;
  table.put(key, block.subarray(0, half));
  table.put(scopedKey(issuer, scope, listedSerial(block, half + HEADER)), block.subarray(half));
}
