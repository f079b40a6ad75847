import { bytesEqual } from "../../src/core/bytes.js";
import { fileChunks } from "../../src/crl/file-chunks.js";
import type { ParsedEntry } from "../../src/crl/parsed-entry.js";
import { CrlReader } from "../../src/crl/read-crl.js";
import { CRL_REASON } from "../../src/crl/reason.js";
import { isScheduledComplete, readCrls } from "../../src/store/crl-tables.js";
import type { CrlRecord } from "../../src/store/journal-record.js";
import { decodeRow, rowKey, SCOPED_SERIAL, type StatusRow, scopeRange } from "../../src/store/layout.js";
import { ListedCursor, listedSerial } from "../../src/store/listed-blocks.js";
import type { StatusTables } from "../../src/store/status-tables.js";
import { serialText } from "../../src/x509/serial.js";
import { differs } from "./view.js";

/** What a published list shows against the tables at the journal position that it covers. */

/** Every certificate that was revoked or on hold is listed, but those that had expired long enough (standards G10). */
export function compareComplete(name: string, file: string, record: CrlRecord, tables: StatusTables): void {
  const { issuer, scope } = record;
  const spent = readCrls(tables.crls, scopeRange(issuer, scope)).findLast(isScheduledComplete);
  const isSpent = ({ notAfter, position }: StatusRow): boolean =>
    spent !== undefined && notAfter < spent.thisUpdate && position <= spent.covers;
  compare(name, file, revokedRows(tables, record), (entry, row) => {
    if (entry !== undefined) return isEntryOf(entry, row, row.reason);
    return isSpent(row);
  });
}

/** Every certificate that was changed since the base is listed, whatever became of it (standards H5). */
export function compareDelta(name: string, file: string, record: CrlRecord, tables: StatusTables): void {
  const { issuer, scope, base } = record;
  const start = readCrls(tables.crls, scopeRange(issuer, scope)).find(
    (one) => one.base === 0 && one.number === base,
  );
  if (start === undefined) throw differs(`${name} starts from CRL ${base}, which was not published`);
  compare(
    name,
    file,
    changedRows(tables, record, start.covers),
    (entry, row) =>
      entry !== undefined &&
      isEntryOf(entry, row, row.state === "good" ? CRL_REASON.removeFromCRL : row.reason),
  );
}

interface SerialRow {
  readonly serial: Uint8Array;
  readonly row: StatusRow;
}

/** The scope's listed blocks lead to the rows, so that both are compared. */
function* revokedRows({ revoked, rows }: StatusTables, { issuer, scope }: CrlRecord): Generator<SerialRow> {
  for (const { value } of revoked.getRange(scopeRange(issuer, scope)))
    for (const cursor = new ListedCursor(value); cursor.next(); ) {
      const serial = listedSerial(value, cursor.start);
      const bytes = rows.get(rowKey(issuer, serial));
      if (bytes !== undefined) yield { serial, row: decodeRow(bytes) };
    }
}

function* changedRows(
  { changes }: StatusTables,
  { issuer, scope }: CrlRecord,
  since: number,
): Generator<SerialRow> {
  for (const { key, value } of changes.getRange(scopeRange(issuer, scope))) {
    const row = decodeRow(value);
    if (row.position > since) yield { serial: key.subarray(SCOPED_SERIAL), row };
  }
}

/** Walks list and rows side by side. `agrees` judges a row with its entry, or without one. */
function compare(
  name: string,
  file: string,
  rows: Iterable<SerialRow>,
  agrees: (entry: ParsedEntry | undefined, row: StatusRow) => boolean,
): void {
  const reader = new CrlReader(fileChunks(file));
  let entry = reader.next();
  for (const { serial, row } of rows) {
    const listed = entry !== undefined && bytesEqual(entry.serial, serial);
    if (!listed && agrees(undefined, row)) continue;
    if (!listed) throw differs(`${name} leaves out ${serialText(serial)}, which the rows it covers have`);
    if (!agrees(entry, row))
      throw differs(`${name} lists ${serialText(serial)} otherwise than the rows it covers`);
    entry = reader.next();
  }
  if (entry !== undefined)
    throw differs(`${name} lists ${serialText(entry.serial)} otherwise than the rows it covers`);
}

function isEntryOf(entry: ParsedEntry, row: StatusRow, reason: number): boolean {
  return (
    entry.revocationDate === row.revocationTime &&
    entry.reasonCode === reason &&
    entry.invalidityDate === row.invalidityDate
  );
}
