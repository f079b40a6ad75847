import { RowCursor, type RowPacker } from "../store/imported-rows.js";
import { type ImportOrigin, MAX_CHANGES } from "../store/journal-record.js";
import type { StatusTransaction, StatusWriter } from "../store/status-writer.js";

/** What became of rows. */
export interface ImportOutcome {
  readonly imported: number;
  /** Rows whose serial was there already; they stay as they are. */
  readonly present: number;
}

/** Whose rows they are, and in which CRL partition. */
export interface ImportTarget {
  readonly issuer: number;
  readonly origin: ImportOrigin;
  readonly shard: number;
}

/** Records that share one flush. Other changes wait for all of them: some 10 ms each. */
const GROUP = 4;

/**
 * Imports rows in ascending order, one journal record for 4,096 of them. All are on disk when it resolves, and after a
 * crash the same import goes on where it was: what is there already is left out. Throws RangeError at a serial that was
 * added twice, STORE_FAILED.
 */
export async function importRows(
  status: StatusWriter,
  target: ImportTarget,
  rows: RowPacker,
): Promise<ImportOutcome> {
  let imported = 0;
  let present = 0;
  const store = async (piece: Buffer): Promise<void> => {
    const outcome = await status.transact((transaction) => importPiece(transaction, target, piece));
    imported += outcome.imported;
    present += outcome.present;
  };
  let group: Promise<void>[] = [];
  for (const piece of rows.pieces(MAX_CHANGES)) {
    group.push(store(piece));
    if (group.length < GROUP) continue;
    await Promise.all(group);
    group = [];
  }
  await Promise.all(group);
  return { imported, present };
}

function importPiece(transaction: StatusTransaction, target: ImportTarget, piece: Buffer): ImportOutcome {
  const { rows, imported, present } = withoutPresent(transaction, target.issuer, piece);
  if (imported > 0) transaction.append({ kind: "import", ...target, rows });
  return { imported, present };
}

/** The rows that are not there yet. */
function withoutPresent(
  transaction: StatusTransaction,
  issuer: number,
  piece: Buffer,
): ImportOutcome & { readonly rows: Buffer } {
  const last = transaction.lastSerial(issuer);
  const cursor = new RowCursor(piece);
  const missing: Buffer[] = [];
  let present = 0;
  while (cursor.next()) {
    const serial = piece.subarray(cursor.start + 1, cursor.serialEnd);
    // Rows after the last one need no search; it is the usual case, and searching costs a fifth of the import.
    if (last !== undefined && !isGreater(serial, last) && transaction.isIssued(issuer, serial)) present++;
    else missing.push(piece.subarray(cursor.start, cursor.end));
  }
  return { rows: present === 0 ? piece : Buffer.concat(missing), imported: missing.length, present };
}

function isGreater(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length ? Buffer.compare(a, b) > 0 : a.length > b.length;
}
