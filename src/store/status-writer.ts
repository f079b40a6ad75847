import type { Clock } from "../core/clock.js";
import { SekishoError } from "../core/errors.js";
import { applyBody } from "./apply.js";
import { type Checkpoint, encodeCheckpoint } from "./checkpoint-record.js";
import {
  type Environment,
  META,
  openForWriting,
  type StoreOptions,
  statusEnvironment,
} from "./environment.js";
import { encodeRecord, type JournalBody, recordHash } from "./journal-record.js";
import {
  decodeRow,
  issuerRange,
  positionKey,
  rowKey,
  type StatusRow,
  scopeRange,
  splitRowKey,
} from "./layout.js";
import { PositionWriter } from "./position-file.js";
import { StatusReader } from "./status-reader.js";
import {
  encodeHead,
  type JournalHead,
  raiseDropped,
  readHead,
  type StatusTables,
  statusTables,
} from "./status-tables.js";
import { WriteGuard } from "./write-guard.js";

/** What a transaction sees and does. Reads show earlier transactions, not this one's own appends. */
export interface StatusTransaction {
  readonly head: JournalHead;
  row(issuer: number, serial: Uint8Array): StatusRow | undefined;
  issuerExists(issuer: number): boolean;
  isIssued(issuer: number, serial: Uint8Array): boolean;
  /** The greatest serial of an issuer, undefined if it has none. */
  lastSerial(issuer: number): Uint8Array | undefined;
  /** Adds a record to the journal and applies it; returns its position. */
  append(body: JournalBody): number;
}

export interface ChangeScope {
  readonly issuer: number;
  readonly scope: number;
}

/** Some milliseconds of work: a revocation may wait for it. */
const DROP_LIMIT = 1_000;

/** The only writer of the status environment and of the position file. */
export class StatusWriter {
  private readonly environment: Environment;
  private readonly tables: StatusTables;
  private readonly position: PositionWriter;
  private readonly clock: Clock;
  private readonly guard = new WriteGuard("the status store");
  private readonly underWay = new Set<Promise<unknown>>();
  /** Reads what was committed; sees this process's own commits at once. */
  readonly reader: StatusReader;

  constructor(options: StoreOptions, clock: Clock) {
    this.environment = openForWriting(statusEnvironment(options));
    this.tables = statusTables(this.environment);
    this.position = new PositionWriter(options.dir);
    this.clock = clock;
    this.reader = new StatusReader(this.environment, this.tables);
    // A crash between commit and store leaves the file behind; nothing of that was acknowledged yet.
    this.position.store(this.reader.head().position);
  }

  /** Resolves with STORE_FAILED once a write has failed: then nothing more is written and a restart is due. */
  get failed(): Promise<SekishoError> {
    return this.guard.failed;
  }

  /**
   * Runs `action`, then writes what it appended. Resolves when it is on disk and the position file says so
   * (invariants 1 and 3): only then may the change be acknowledged. Transactions that arrive while one is being
   * flushed share the next flush. If `action` throws, or a record cannot be applied, nothing is written. Throws
   * STORE_FAILED if the disk refuses.
   */
  async transact<T>(action: (transaction: StatusTransaction) => T): Promise<T> {
    const committed = this.commit(action);
    this.underWay.add(committed);
    try {
      return await committed;
    } finally {
      this.underWay.delete(committed);
    }
  }

  /** Stores a signature over the journal head at `position`. */
  async storeCheckpoint(position: number, checkpoint: Checkpoint): Promise<void> {
    const encoded = encodeCheckpoint(checkpoint);
    await this.guard.transaction(this.environment, () => {
      this.tables.checkpoints.put(positionKey(position), encoded);
    });
  }

  /**
   * Drops changes of a scope that every CRL from journal position `covered` on shows, in one short transaction that
   * looks at a thousand of them. Returns the key to go on from, undefined after the last.
   */
  dropChanges(scope: ChangeScope, covered: number, after?: Buffer): Promise<Buffer | undefined> {
    const { start, end } = scopeRange(scope.issuer, scope.scope);
    return this.guard.transaction(this.environment, () => {
      const { changes, meta } = this.tables;
      raiseDropped(meta, scope.issuer, scope.scope, covered);
      let last: Buffer | undefined;
      let seen = 0;
      const dropped: Buffer[] = [];
      const range = { start: after ?? start, exclusiveStart: after !== undefined, end, limit: DROP_LIMIT };
      for (const { key, value } of changes.getRange(range)) {
        seen++;
        last = Buffer.from(key);
        if (decodeRow(value).position <= covered) dropped.push(last);
      }
      for (const key of dropped) changes.remove(key);
      return seen < DROP_LIMIT ? undefined : last;
    });
  }

  /** Position of the newest checkpoint, 0 if there is none. */
  lastCheckpoint(): number {
    for (const key of this.tables.checkpoints.getKeys({ reverse: true, limit: 1 }))
      return key.readUIntBE(2, 6);
    return 0;
  }

  /** Frees reader slots of processes that died. */
  checkReaders(): number {
    return this.environment.readerCheck();
  }

  /** Finishes what is under way. */
  async close(): Promise<void> {
    await Promise.allSettled(this.underWay);
    await this.environment.close();
    this.position.close();
  }

  private async commit<T>(action: (transaction: StatusTransaction) => T): Promise<T> {
    const { result, last } = await this.guard.transaction(this.environment, () => {
      const bodies: JournalBody[] = [];
      const head = readHead(this.tables.meta);
      const result = action({
        head,
        row: (issuer, serial) => readRow(this.tables, issuer, serial),
        isIssued: (issuer, serial) => this.tables.rows.doesExist(rowKey(issuer, serial)),
        lastSerial: (issuer) => readLastSerial(this.tables, issuer),
        issuerExists: (issuer) => this.tables.issuers.get(issuerRange(issuer).start) !== undefined,
        append: (body) => head.position + bodies.push(body),
      });
      return { result, last: this.write(head, bodies) };
    });
    if (last > 0) this.guard.write(() => this.position.store(last));
    return result;
  }

  private write(head: JournalHead, bodies: readonly JournalBody[]): number {
    if (bodies.length === 0) return 0;
    try {
      return this.append(head, bodies);
    } catch (error) {
      throw new SekishoError("STORE_FAILED", `the change was not stored: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  private append(head: JournalHead, bodies: readonly JournalBody[]): number {
    let { position, hash } = head;
    const timeMs = this.clock.nowMs();
    for (const body of bodies) {
      position++;
      const encoded = encodeRecord({ position, timeMs, previous: hash, body });
      hash = recordHash(encoded);
      this.appendRecord(position, encoded);
      applyBody(this.tables, body, position);
    }
    this.tables.meta.put(META.head, encodeHead({ position, hash }));
    return position;
  }

  /** LMDB leaves no room for records in between, and refuses one that does not come after all others. */
  private appendRecord(position: number, encoded: Buffer): void {
    // lmdb's types do not say so: false if it was refused.
    const isLast: unknown = this.tables.journal.putSync(positionKey(position), encoded, { append: true });
    if (isLast !== true) throw new RangeError(`the journal goes beyond its head, to ${position} at least`);
  }
}

function readRow(tables: StatusTables, issuer: number, serial: Uint8Array): StatusRow | undefined {
  const bytes = tables.rows.getBinaryFast(rowKey(issuer, serial));
  return bytes === undefined ? undefined : decodeRow(bytes);
}

function readLastSerial(tables: StatusTables, issuer: number): Uint8Array | undefined {
  const { start, end } = issuerRange(issuer);
  for (const key of tables.rows.getKeys({ start: end, end: start, reverse: true, limit: 1 }))
    return Uint8Array.prototype.slice.call(splitRowKey(key).serial);
  return undefined;
}
