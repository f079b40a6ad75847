import type { RevokedEntry } from "./entry.js";

/** Entries one after the other. The object that `next` returns is valid until it is called again. */
export interface EntrySource {
  /** The next entry; undefined after the last. */
  next(): RevokedEntry | undefined;
}

/** Below zero, zero or above zero, as the serial of `a` is less than, equal to or greater than that of `b`. */
export function compareSerials(a: RevokedEntry, b: RevokedEntry): number {
  const length = a.serialStop - a.serialStart;
  // Magnitudes without leading zeros: the longer one is the greater one.
  const longer = length - (b.serialStop - b.serialStart);
  if (longer !== 0) return longer;
  for (let i = 0; i < length; i++) {
    const difference = (a.bytes[a.serialStart + i] as number) - (b.bytes[b.serialStart + i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** True if both say the same about a serial that is the same. */
export function sameRevocation(a: RevokedEntry, b: RevokedEntry): boolean {
  return (
    a.revocationDate === b.revocationDate &&
    a.reasonCode === b.reasonCode &&
    a.invalidityDate === b.invalidityDate
  );
}

/**
 * Walks several sources side by side, from serial to serial in ascending order, and allocates nothing on the way. Each
 * source must be in strictly ascending order of serials; `ascendingEntries` makes one from a file.
 */
export class EntryMerge {
  /** What each source says about the present serial, in the order of the sources; undefined if it has no entry for it. */
  readonly entries: (RevokedEntry | undefined)[];
  private readonly sources: readonly EntrySource[];
  /** The next entry of each source that is not handed out yet, or is just handed out. */
  private readonly heads: (RevokedEntry | undefined)[];

  constructor(...sources: EntrySource[]) {
    this.sources = sources;
    this.heads = sources.map((source) => source.next());
    this.entries = sources.map(() => undefined);
  }

  /** Goes to the next serial that any source has; false after the last. */
  next(): boolean {
    const { entries, heads, sources } = this;
    let least: RevokedEntry | undefined;
    for (let i = 0; i < sources.length; i++) {
      if (entries[i] !== undefined) heads[i] = sources[i]?.next();
      entries[i] = undefined;
      const head = heads[i];
      if (head === undefined) continue;
      const order = least === undefined ? -1 : compareSerials(head, least);
      if (order > 0) continue;
      if (order < 0) entries.fill(undefined, 0, i);
      least = head;
      entries[i] = head;
    }
    return least !== undefined;
  }
}
