import { latin1 } from "../core/bytes.js";
import type { JournalRecord } from "../store/journal-record.js";
import { rowKey } from "../store/layout.js";
import type { StatusReader } from "../store/status-reader.js";

/** Changes remembered to judge answers that were being signed meanwhile. */
const RING_SIZE = 65_536;
/** Further behind than this many records or changes, forgetting everything is cheaper than following. */
const MAX_RECORDS = 10_000;
const MAX_CHANGES = 16_384;

/** What must forget answers about changed rows. */
export interface Evictable {
  evict(row: string): void;
  clear(): void;
}

/**
 * Keeps the response cache behind no acknowledged change (invariant 1): `catchUp` compares the position before every
 * cached answer and, if it moved, first applies the journal records it missed.
 */
export class JournalFollower {
  private applied: number;
  /** Row key -> position of its last change, oldest first. */
  private readonly ring = new Map<string, number>();
  /** Changes at or before this position may have left the ring. */
  private floor: number;

  /** `present` reads the position file, or the journal head where the file cannot be mapped. */
  constructor(
    private readonly status: StatusReader,
    private readonly present: () => number,
    private readonly cache: Evictable,
  ) {
    status.refresh();
    this.applied = status.head().position;
    this.floor = this.applied;
  }

  /** The position up to which every change has been applied. */
  get position(): number {
    return this.applied;
  }

  /** Applies every record up to the present position. One comparison when nothing changed. */
  catchUp(): void {
    if (this.present() === this.applied) return;
    this.status.refresh();
    const head = this.status.head().position;
    if (head < this.applied || head - this.applied > MAX_RECORDS) this.forgetEverything(head);
    for (let changes = 0; this.applied < head; ) {
      const record = this.status.record(this.applied + 1);
      if (record?.body.kind === "changes") changes += record.body.changes.length;
      if (record === undefined || changes > MAX_CHANGES) {
        this.forgetEverything(head);
        return;
      }
      this.apply(record);
    }
  }

  /** True if one of the rows changed after `position`, or if that is no longer known. Call `catchUp` first, in the same turn. */
  touchedSince(rows: readonly string[], position: number): boolean {
    return position < this.floor || rows.some((row) => (this.ring.get(row) ?? 0) > position);
  }

  private apply({ body, position }: JournalRecord): void {
    // It concerns every certificate of an issuer: forgetting all answers costs time once.
    if (body.kind === "compromise") this.forgetEverything(position);
    if (body.kind === "changes")
      for (const { issuer, serial } of body.changes) this.touch(latin1(rowKey(issuer, serial)), position);
    this.applied = position;
  }

  private touch(row: string, position: number): void {
    this.cache.evict(row);
    this.ring.delete(row);
    this.ring.set(row, position);
    if (this.ring.size <= RING_SIZE) return;
    for (const [oldest, at] of this.ring) {
      this.ring.delete(oldest);
      this.floor = at;
      break;
    }
  }

  private forgetEverything(head: number): void {
    this.cache.clear();
    this.ring.clear();
    this.floor = head;
    this.applied = head;
  }
}
