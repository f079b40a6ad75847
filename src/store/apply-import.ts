import { asBuffer } from "../core/bytes.js";
import { scopesOf } from "../crl/scope.js";
import { applyListed, awaitCrl } from "./crl-tables.js";
import type { Table } from "./environment.js";
import { RowCursor } from "./imported-rows.js";
import type { JournalBody } from "./journal-record.js";
import {
  encodeRow,
  issuerKey,
  MAX_SERIAL_OCTETS,
  ROW_OCTETS,
  type StatusRow,
  splitRowKey,
} from "./layout.js";
import { addSynthetic, type StatusTables } from "./status-tables.js";

/** LMDB then neither searches nor splits pages: about twice as quick, where rows come after all that are there. */
const AT_THE_END = { append: true } as const;
const IF_NEW = { noOverwrite: true } as const;

/**
 * Puts a record's rows into the tables. lmdb copies key and value before `putSync` returns, so that two pieces of memory
 * serve all of them: an allocation each would cost as much as everything else.
 */
export function applyImport(
  tables: StatusTables,
  { issuer, origin, shard, rows }: JournalBody & { kind: "import" },
  position: number,
): void {
  const packed = asBuffer(rows);
  const synthetic = origin === "synthetic";
  const value = Buffer.alloc(ROW_OCTETS);
  const cursor = new RowCursor(packed);
  const key = new KeyScratch(issuer, packed);
  let how: typeof AT_THE_END | typeof IF_NEW | undefined;
  let count = 0;
  const listed: { serial: Buffer; row: StatusRow }[] = [];
  for (; cursor.next(); count++) {
    const { state, reason, revocationTime, invalidityDate, notAfter } = cursor;
    const row = { state, reason, shard, revocationTime, invalidityDate, notAfter, position, synthetic };
    encodeRow(row, value);
    const rowKey = key.of(cursor);
    how ??= isAfterAll(tables.rows, rowKey) ? AT_THE_END : IF_NEW;
    // lmdb's types do not say so: false if the key was there, or not after all others.
    const isNew: unknown = tables.rows.putSync(rowKey, value, how);
    if (isNew !== true) throw new RangeError("a serial that was issued before");
    if (state !== "good") listed.push({ serial: Buffer.from(splitRowKey(rowKey).serial), row });
  }
  applyListed(tables, issuer, listed);
  if (listed.length > 0) for (const scope of scopesOf(shard)) awaitCrl(tables, issuer, scope, position);
  if (synthetic) addSynthetic(tables.meta, issuer, count);
}

/** Row keys of one issuer in the same memory: each is good until the next. */
class KeyScratch {
  private readonly memory = Buffer.alloc(3 + MAX_SERIAL_OCTETS);
  private key: Buffer = this.memory;

  constructor(
    issuer: number,
    private readonly packed: Buffer,
  ) {
    this.memory.set(issuerKey(issuer));
  }

  of({ start, serialEnd }: RowCursor): Buffer {
    const octets = 2 + serialEnd - start;
    if (this.key.length !== octets) this.key = this.memory.subarray(0, octets);
    // Octet by octet: Buffer's copy takes ten times as long for so few.
    for (let at = start; at < serialEnd; at++) this.memory[2 + at - start] = this.packed[at] as number;
    return this.key;
  }
}

function isAfterAll(rows: Table, key: Buffer): boolean {
  for (const last of rows.getKeys({ reverse: true, limit: 1 })) return Buffer.compare(key, last) > 0;
  return true;
}
