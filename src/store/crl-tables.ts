import { asBuffer } from "../core/bytes.js";
import { scopesOf } from "../crl/scope.js";
import type { Table } from "./environment.js";
import { type CrlRecord, decodeCrlRecord, encodeCrlRecord } from "./journal-record.js";
import { encodeRow, type StatusRow, scopedKey, scopeKey, scopeRange } from "./layout.js";
import { encodeListed, putListed, removeListed } from "./listed-blocks.js";
import type { StatusTables } from "./status-tables.js";

/**
 * What CRLs are made of, kept beside the rows in the journal's own transactions. The builder copies `revoked`, the
 * publication gate goes by `changes`: neither is made from the other, so that a fault in one shows.
 *
 *   revoked    encoded entries in blocks (listed-blocks.ts)
 *   changes    the row as the last change left it; a released one keeps its revocationTime: since when it was on hold
 *   awaiting   first 6 | last 6: journal positions of the changes that no CRL shows
 *   crls       body of the CRL's journal record, under scope | number | 1 if it is a delta CRL
 */

/** Journal positions of changes that no CRL of a scope shows: between them there may be others. */
export interface Awaiting {
  readonly first: number;
  readonly last: number;
}

/** Writes what a change of status makes of the CRL tables. `row` stands as it was before the change. */
export function applyStatus(
  { revoked, changes }: StatusTables,
  issuer: number,
  serial: Uint8Array,
  before: Pick<StatusRow, "state" | "revocationTime">,
  row: StatusRow,
): void {
  const listed = row.state === "good" ? undefined : encodeListed(serial, row);
  const changed = encodeRow(row.state === "good" ? { ...row, revocationTime: before.revocationTime } : row);
  for (const scope of scopesOf(row.shard)) {
    if (listed === undefined) removeListed(revoked, issuer, scope, serial);
    else putListed(revoked, issuer, scope, [listed]);
    // What was never listed cannot have been taken off a list.
    if (row.state !== "good" || before.state !== "good")
      changes.put(scopedKey(issuer, scope, serial), changed);
  }
}

/** The same for certificates of one scope, in ascending order of serial, that come revoked or on hold. */
export function applyListed(
  { revoked, changes }: StatusTables,
  issuer: number,
  rows: readonly { readonly serial: Uint8Array; readonly row: StatusRow }[],
): void {
  const [first] = rows;
  if (first === undefined) return;
  const records = rows.map(({ serial, row }) => encodeListed(serial, row));
  for (const scope of scopesOf(first.row.shard)) {
    putListed(revoked, issuer, scope, records);
    for (const { serial, row } of rows) changes.put(scopedKey(issuer, scope, serial), encodeRow(row));
  }
}

/** Notes that the record at `position` changed a scope. */
export function awaitCrl({ awaiting }: StatusTables, issuer: number, scope: number, position: number): void {
  const key = scopeKey(issuer, scope);
  const before = awaiting.get(key);
  awaiting.put(key, encodeAwaiting(before === undefined ? position : before.readUIntBE(0, 6), position));
}

/** Takes in a published CRL; forgets those that no longer matter. */
export function applyCrl(tables: StatusTables, record: CrlRecord): void {
  const { crls } = tables;
  const { issuer, scope } = record;
  const earlier = [...crls.getRange(scopeRange(issuer, scope))].map(({ value }) => decodeCrlRecord(value));
  for (const old of earlier) if (!matters(old, record, earlier)) crls.remove(crlKey(old));
  crls.put(crlKey(record), encodeCrlRecord(record));
  showChanges(tables, record);
}

/**
 * True if something may still ask for a CRL once `next` is out: the schedule and the gate for the newest of its kind,
 * the builder for the last complete one that came by schedule (standards G10), delta CRLs for a complete one that
 * relying parties may still hold.
 */
function matters(old: CrlRecord, next: CrlRecord, earlier: readonly CrlRecord[]): boolean {
  if (old.base > 0) return next.base === 0;
  if (next.base > 0 || old.nextUpdate > next.thisUpdate) return true;
  if (!isScheduledComplete(old) || isScheduledComplete(next)) return false;
  return !earlier.some((one) => isScheduledComplete(one) && one.number > old.number);
}

/** A complete CRL that came by schedule. */
export const isScheduledComplete = ({ base, cause }: CrlRecord): boolean =>
  base === 0 && cause === "schedule";

function showChanges({ awaiting }: StatusTables, { issuer, scope, covers }: CrlRecord): void {
  const key = scopeKey(issuer, scope);
  const before = decodeAwaiting(awaiting.get(key));
  if (before === undefined || before.first > covers) return;
  if (before.last <= covers) awaiting.remove(key);
  // The first change after the builder's snapshot lies at this position or later.
  else awaiting.put(key, encodeAwaiting(covers + 1, before.last));
}

function crlKey({ issuer, scope, number, base }: CrlRecord): Buffer {
  const key = Buffer.alloc(11);
  scopeKey(issuer, scope).copy(key);
  key.writeUIntBE(number, 4, 6);
  key[10] = base > 0 ? 1 : 0;
  return key;
}

function encodeAwaiting(first: number, last: number): Buffer {
  const bytes = Buffer.allocUnsafe(12);
  bytes.writeUIntBE(first, 0, 6);
  bytes.writeUIntBE(last, 6, 6);
  return bytes;
}

export function decodeAwaiting(bytes: Buffer | undefined): Awaiting | undefined {
  return bytes && { first: bytes.readUIntBE(0, 6), last: bytes.readUIntBE(6, 6) };
}

/** CRLs of an issuer in all its scopes, or of one scope, by scope, then by number. */
export function readCrls(crls: Table, range: { start: Buffer; end: Buffer }): CrlRecord[] {
  return [...crls.getRange(range)].map(({ value }) => decodeCrlRecord(asBuffer(value)));
}
