import type { Transaction } from "lmdb";
import { ALL, scopesOf } from "../crl/scope.js";
import { type Awaiting, decodeAwaiting, readCrls } from "./crl-tables.js";
import { type Environment, openForReading, type StoreOptions, statusEnvironment } from "./environment.js";
import { type CrlRecord, decodeRecord, type JournalRecord } from "./journal-record.js";
import {
  type CertState,
  decodeRow,
  issuerRange,
  MAX_SERIAL_OCTETS,
  positionKey,
  rowKey,
  SCOPED_SERIAL,
  type StatusRow,
  scopeKey,
  scopeRange,
  splitRowKey,
} from "./layout.js";
import { ListedCursor } from "./listed-blocks.js";
import {
  type JournalHead,
  readDropped,
  readHead,
  readSynthetic,
  readTrustGeneration,
  type StatusTables,
  statusTables,
} from "./status-tables.js";

/** An issuer as the journal recorded it. */
export interface StoredIssuer {
  readonly issuer: number;
  readonly id: string;
  readonly certificate: Uint8Array;
  /** Unix seconds since when its key is compromised; 0 while it is not. */
  readonly compromisedSince: number;
}

export interface StoredDelegate {
  readonly issuer: number;
  readonly certificate: Uint8Array;
  /** A delegate that is not good may not sign, nor may its key be certified again. */
  readonly state: CertState;
}

/** A serial (magnitude) with its row. */
export interface SerialRow {
  readonly serial: Uint8Array;
  readonly row: StatusRow;
}

/**
 * Reads the status environment from its newest snapshot after each `refresh`.
 *
 * lmdb ends a read snapshot with a timer. Between Piscina tasks a worker is parked so that no timer fires, and it
 * would answer from its first snapshot for ever: whoever reads calls `refresh` first, once a batch (invariant 1).
 */
export class StatusReader {
  constructor(
    private readonly environment: Environment,
    private readonly tables: StatusTables,
  ) {}

  /** Opens a store that another process writes. Throws STORE_FAILED, STORE_LAYOUT or STORE_FOREIGN. */
  static open(options: StoreOptions): StatusReader {
    const environment = openForReading(statusEnvironment(options));
    return new StatusReader(environment, statusTables(environment));
  }

  /** Leaves the present snapshot: the next read sees everything that was committed before this call. */
  refresh(): void {
    this.environment.resetReadTxn();
  }

  head(): JournalHead {
    return readHead(this.tables.meta);
  }

  trustGeneration(): number {
    return readTrustGeneration(this.tables.meta);
  }

  /** The row of a serial (magnitude), undefined if it was never issued. Serials of any length may be asked for. */
  row(issuer: number, serial: Uint8Array): StatusRow | undefined {
    if (serial.length > MAX_SERIAL_OCTETS) return undefined;
    const bytes = this.tables.rows.getBinaryFast(rowKey(issuer, serial));
    return bytes === undefined ? undefined : decodeRow(bytes);
  }

  /** Rows of an issuer in ascending order of serial, from the first above `after`, at most `limit`. */
  rowsAfter(issuer: number, after: Uint8Array | undefined, limit: number): SerialRow[] {
    const { start, end } = issuerRange(issuer);
    const from = after === undefined ? { start } : { start: rowKey(issuer, after), exclusiveStart: true };
    const found: SerialRow[] = [];
    for (const { key, value } of this.tables.rows.getRange({ ...from, end, limit }))
      found.push({ serial: Uint8Array.prototype.slice.call(splitRowKey(key).serial), row: decodeRow(value) });
    return found;
  }

  /** Number of certificates that were ever issued, by all issuers. */
  issuedCount(): number {
    return (this.tables.rows.getStats() as { entryCount: number }).entryCount;
  }

  /** Number of the issuer's rows that were made up for load tests. */
  syntheticCount(issuer: number): number {
    return readSynthetic(this.tables.meta, issuer);
  }

  /** Number of certificates of the issuer that are revoked or on hold, expired ones included. */
  revokedCount(issuer: number): number {
    const cursor = new ListedCursor();
    let count = 0;
    for (const { value } of this.tables.revoked.getRange(scopeRange(issuer, ALL)))
      for (cursor.reset(value); cursor.next(); ) count++;
    return count;
  }

  /** Published CRLs of the issuer that still matter (crl-tables.ts), by scope, then by number, the delta CRL last. */
  crls(issuer: number): CrlRecord[] {
    return readCrls(this.tables.crls, issuerRange(issuer));
  }

  /** The same of one scope. */
  crlsOf(issuer: number, scope: number): CrlRecord[] {
    return readCrls(this.tables.crls, scopeRange(issuer, scope));
  }

  /** Changes that no CRL of the scope shows; undefined if there are none. */
  awaiting(issuer: number, scope: number): Awaiting | undefined {
    return decodeAwaiting(this.tables.awaiting.get(scopeKey(issuer, scope)));
  }

  /** Journal position up to which changes of the scope may have been dropped: a delta CRL cannot start earlier. */
  dropped(issuer: number, scope: number): number {
    return readDropped(this.tables.meta, issuer, scope);
  }

  /** The journal record at a position, undefined past the head. */
  record(position: number): JournalRecord | undefined {
    const bytes = this.encodedRecord(position);
    return bytes === undefined ? undefined : decodeRecord(bytes);
  }

  /** The bytes of a journal record, as hashed by its successor. */
  encodedRecord(position: number): Buffer | undefined {
    return this.tables.journal.get(positionKey(position));
  }

  issuers(): StoredIssuer[] {
    return [...this.tables.issuers.getRange({})].map(({ key, value }) => decodeIssuer(key, value));
  }

  delegates(): StoredDelegate[] {
    const found: { issuer: number; serial: Uint8Array; certificate: Uint8Array }[] = [];
    for (const { key, value } of this.tables.delegates.getRange({})) {
      const { issuer, serial } = splitRowKey(Uint8Array.prototype.slice.call(key));
      found.push({ issuer, serial, certificate: Uint8Array.prototype.slice.call(value) });
    }
    return found.map(({ issuer, serial, certificate }) => {
      // A delegate and its row are journalled together; one without a row was never released.
      const state = this.row(issuer, serial)?.state ?? "revoked";
      return { issuer, certificate, state };
    });
  }

  /** The store as it is now, whatever is committed meanwhile; it must be closed, lest lmdb keep old pages for ever. */
  snapshot(): Snapshot {
    return new Snapshot(this.tables, this.environment.useReadTransaction());
  }

  async close(): Promise<void> {
    await this.environment.close();
  }
}

/**
 * The store at one moment: its tables may be walked several times and always give the same, in ascending order of
 * serial. What it yields borrows from lmdb's buffers and is valid until the next step.
 */
export class Snapshot {
  constructor(
    private readonly tables: StatusTables,
    private readonly transaction: Transaction,
  ) {}

  head(): JournalHead {
    return readHead(this.tables.meta, this.transaction);
  }

  close(): void {
    this.transaction.done();
  }

  /** What the CRL of a scope lists, expired certificates included, in blocks for the builder (ListedCursor). */
  *listed(issuer: number, scope: number): Generator<Buffer> {
    const { transaction } = this;
    for (const { value } of this.tables.revoked.getRange({ ...scopeRange(issuer, scope), transaction }))
      yield value;
  }

  /** Certificates of a scope whose status changed after journal position `since`, with the row of the last change. */
  *changes(issuer: number, scope: number, since: number): Generator<SerialRow> {
    const { transaction } = this;
    for (const { key, value } of this.tables.changes.getRange({
      ...scopeRange(issuer, scope),
      transaction,
    })) {
      const row = decodeRow(value);
      if (row.position > since) yield { serial: key.subarray(SCOPED_SERIAL), row };
    }
  }

  /** Certificates of a scope that are revoked or on hold, found in the rows: slow, there may be millions. */
  *revokedRows(issuer: number, scope: number): Generator<SerialRow> {
    const { transaction } = this;
    for (const { key, value } of this.tables.rows.getRange({ ...issuerRange(issuer), transaction })) {
      const row = decodeRow(value);
      if (row.state !== "good" && scopesOf(row.shard).includes(scope))
        yield { serial: splitRowKey(key).serial, row };
    }
  }

  row(issuer: number, serial: Uint8Array): StatusRow | undefined {
    if (serial.length > MAX_SERIAL_OCTETS) return undefined;
    const { transaction } = this;
    const bytes = this.tables.rows.get(rowKey(issuer, serial), { transaction });
    return bytes === undefined ? undefined : decodeRow(bytes);
  }
}

/** An entry of the issuers table. */
export function decodeIssuer(key: Buffer, value: Buffer): StoredIssuer {
  const idEnd = 6 + (value[5] ?? Number.POSITIVE_INFINITY);
  if (value.length < idEnd) throw new RangeError("not an issuer record");
  return {
    issuer: key.readUInt16BE(0),
    id: value.toString("latin1", 6, idEnd),
    certificate: Uint8Array.prototype.slice.call(value, idEnd),
    compromisedSince: value.readUIntBE(0, 5),
  };
}
