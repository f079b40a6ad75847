import { countRows, RowCursor, type RowPacker } from "../store/imported-rows.js";
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
  const { issuer } = target;
  // The usual case: after the last row there is none to look for. Looking for one takes as long as storing it.
  const isNew = isAfter(piece, transaction.lastSerial(issuer));
  const rows = isNew ? piece : missingRows(transaction, issuer, piece);
  const imported = countRows(rows);
  if (imported > 0) transaction.append({ kind: "import", ...target, rows });
  return { imported, present: isNew ? 0 : countRows(piece) - imported };
}

/** True if the first of the rows comes after `last`, and with it all of them. */
function isAfter(piece: Buffer, last: Uint8Array | undefined): boolean {
  if (last === undefined) return true;
  const octets = piece[0] as number;
  if (octets !== last.length) return octets > last.length;
  return piece.compare(last, 0, last.length, 1, 1 + octets) > 0;
}

function missingRows(transaction: StatusTransaction, issuer: number, piece: Buffer): Buffer {
  const cursor = new RowCursor(piece);
  const missing: Buffer[] = [];
  while (cursor.next())
    if (!transaction.isIssued(issuer, piece.subarray(cursor.start + 1, cursor.serialEnd)))
      missing.push(piece.subarray(cursor.start, cursor.end));
  return Buffer.concat(missing);
}
