import { bytesEqual, hex } from "../../src/core/bytes.js";
import { SekishoError } from "../../src/core/errors.js";
import { describeKey } from "../../src/signer/algorithms.js";
import { checkpointMessage, decodeCheckpoint } from "../../src/store/checkpoint-record.js";
import {
  type CrlRecord,
  decodeRecord,
  GENESIS,
  type JournalRecord,
  recordHash,
} from "../../src/store/journal-record.js";
import { positionKey } from "../../src/store/layout.js";
import type { JournalHead } from "../../src/store/status-tables.js";
import { verifySignature } from "../../src/x509/signature.js";
import { differs, type StatusView } from "./view.js";

export interface JournalSummary {
  readonly checkpoints: number;
  /** SHA-256 of the keys that signed them is what an auditor compares: DER SubjectPublicKeyInfo in hexadecimal. */
  readonly checkpointKeys: ReadonlySet<string>;
}

/**
 * Reads the journal from its first record to `head`: numbers without a gap, every record chained to the one before
 * it, the head the hash of the last, and every checkpoint a signature over the record it stands at. `onCrl` sees each
 * CRL that was journalled. Throws JOURNAL_BROKEN or STORE_DIFFERS.
 */
export function checkJournal(
  { tables }: StatusView,
  head: JournalHead,
  installation: string,
  onCrl: (record: CrlRecord) => void,
  progress: (done: number) => void,
): JournalSummary {
  const checkpoints = new CheckpointChecker(tables.checkpoints.entries(), installation);
  let previous: Uint8Array = GENESIS;
  let position = 0;
  for (const { key, value } of tables.journal.entries()) {
    position++;
    if (!key.equals(positionKey(position))) throw broken(position, "is missing");
    const record = decode(value, position);
    if (record.position !== position) throw broken(position, `says that it is record ${record.position}`);
    if (!bytesEqual(record.previous, previous)) throw broken(position, "does not chain to the one before it");
    previous = recordHash(value);
    checkpoints.at({ position, hash: previous });
    if (record.body.kind === "crl") onCrl(record.body);
    if (position % 1024 === 0) progress(position);
  }
  if (position !== head.position)
    throw differs(`the head is at position ${head.position}, the last record at ${position}`);
  if (!bytesEqual(previous, head.hash)) throw differs("the head's hash is not the last record's");
  return checkpoints.finish();
}

/** Decodes a record. Throws JOURNAL_BROKEN. */
export function decode(value: Buffer, position: number): JournalRecord {
  try {
    return decodeRecord(value);
  } catch (error) {
    throw broken(position, `cannot be read: ${(error as Error).message}`);
  }
}

function broken(position: number, why: string): SekishoError {
  return new SekishoError("JOURNAL_BROKEN", `record ${position} ${why}`);
}

/** Verifies checkpoints while the journal passes by: both are in ascending order of position. */
class CheckpointChecker {
  private readonly keys = new Set<string>();
  private readonly stored: Iterator<{ key: Buffer; value: Buffer }>;
  private next: IteratorResult<{ key: Buffer; value: Buffer }>;
  private count = 0;

  constructor(
    entries: Iterable<{ key: Buffer; value: Buffer }>,
    private readonly installation: string,
  ) {
    this.stored = entries[Symbol.iterator]();
    this.next = this.stored.next();
  }

  at(head: JournalHead): void {
    if (this.next.done === true || !this.next.value.key.equals(positionKey(head.position))) return;
    this.verify(head, this.next.value.value);
    this.count++;
    this.next = this.stored.next();
  }

  finish(): JournalSummary {
    if (this.next.done !== true)
      throw differs(`checkpoint ${this.next.value.key.readUIntBE(2, 6)} stands at no record`);
    return { checkpoints: this.count, checkpointKeys: this.keys };
  }

  private verify(head: JournalHead, value: Buffer): void {
    if (!isSignedHead(head, value, this.installation))
      throw differs(`checkpoint ${head.position} is not a signature over the journal up to there`);
    this.keys.add(hex(decodeCheckpoint(value).subjectPublicKeyInfo));
  }
}

function isSignedHead(head: JournalHead, value: Buffer, installation: string): boolean {
  try {
    const { timeMs, subjectPublicKeyInfo, signature } = decodeCheckpoint(value);
    const { signatureAlgorithm } = describeKey(subjectPublicKeyInfo);
    const message = checkpointMessage(installation, head, timeMs);
    return verifySignature(message, signatureAlgorithm, signature, subjectPublicKeyInfo);
  } catch {
    return false;
  }
}
