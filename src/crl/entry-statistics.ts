import { bytesEqual } from "../core/bytes.js";
import type { ParsedEntry } from "./parsed-entry.js";
import { MAX_REASON } from "./reason.js";

/** What is known of a CRL's entries without keeping them. */
export interface EntryFacts {
  readonly count: number;
  /** True if each serial is greater than the one before it, or equal. */
  readonly ascending: boolean;
  /**
   * True if two neighbours have the same serial and certificate issuer. In a list that is not ascending other
   * duplicates stay unseen: finding them would need memory by the length of the list.
   */
  readonly neighbourDuplicates: boolean;
  /** Entries by CRLReason number; entries without reasonCode count as 0. */
  readonly reasonCounts: readonly number[];
  /** Entries without reasonCode. */
  readonly withoutReason: number;
  /** Reasons above 10. */
  readonly unknownReasons: number;
  /** True if an entry has extensions, which only version 2 allows. */
  readonly extended: boolean;
  /** True if an entry has an extension twice. */
  readonly duplicateExtensions: boolean;
  /** True if an entry has certificateIssuer, as in indirect CRLs. */
  readonly certificateIssuers: boolean;
  /** True if a serial is below zero. */
  readonly negativeSerials: boolean;
}

/** Collects the facts, one entry after the other. */
export class EntryStatistics implements EntryFacts {
  count = 0;
  ascending = true;
  neighbourDuplicates = false;
  readonly reasonCounts: number[] = new Array<number>(MAX_REASON + 1).fill(0);
  withoutReason = 0;
  unknownReasons = 0;
  extended = false;
  duplicateExtensions = false;
  certificateIssuers = false;
  negativeSerials = false;
  private readonly last = new Uint8Array(64);
  private lastLength = -1;
  private lastIssuer: Uint8Array | undefined;

  add(entry: ParsedEntry): void {
    const order = this.replaceLast(entry);
    if (entry.serialNegative) this.negativeSerials = true;
    if (order < 0 || entry.serialNegative) this.ascending = false;
    if (order === 0 && this.hasLastIssuer(entry)) this.neighbourDuplicates = true;
    this.lastIssuer = entry.certificateIssuer;
    this.count++;
    if (!entry.reasonCodePresent) this.withoutReason++;
    if (entry.reasonCode > MAX_REASON) this.unknownReasons++;
    else (this.reasonCounts[entry.reasonCode] as number)++;
    if (entry.extended) this.extended = true;
    if (entry.duplicateExtensions) this.duplicateExtensions = true;
    if (entry.certificateIssuer !== undefined) this.certificateIssuers = true;
  }

  /** Keeps the entry's serial; above zero if it is greater than the one kept before, zero if it is the same. */
  private replaceLast({ bytes, serialStart, serialStop }: ParsedEntry): number {
    const { last } = this;
    const length = serialStop - serialStart;
    // Magnitudes without leading zeros: the longer one is the greater one. Before the first there is none.
    let order = length - this.lastLength;
    this.lastLength = length;
    for (let i = 0; i < length; i++) {
      const octet = bytes[serialStart + i] as number;
      if (order === 0) order = octet - (last[i] as number);
      last[i] = octet;
    }
    return order;
  }

  private hasLastIssuer({ certificateIssuer }: ParsedEntry): boolean {
    const { lastIssuer } = this;
    if (certificateIssuer === undefined || lastIssuer === undefined) return certificateIssuer === lastIssuer;
    return bytesEqual(certificateIssuer, lastIssuer);
  }
}
