import { DerReader } from "../asn1/reader.js";
import { SekishoError } from "../core/errors.js";
import { derChunks } from "./der-chunks.js";
import type { RevokedEntry } from "./entry.js";
import type { EntrySource } from "./entry-merge.js";
import type { EntryFacts } from "./entry-statistics.js";
import { fileChunks } from "./file-chunks.js";
import { ParsedEntry } from "./parsed-entry.js";
import { CrlReader } from "./read-crl.js";

/** Entries of a file; `close` lets go of it, at any point. */
export interface OpenEntries extends EntrySource {
  close(): void;
}

/** Most octets of entries that are held to sort them: some 1.3 million entries. */
const MAX_SORTED_OCTETS = 64 * 1024 * 1024;

/**
 * Opens a CRL file, DER or PEM, for `EntryMerge`: its entries in strictly ascending order of serials. `facts` are from
 * reading it before. A list that is in this order is read in constant memory; any other one is held and sorted, if its
 * entries have no more than `maxSortedOctets`. Throws CRL_INVALID on a longer one, on a serial that stands twice, is
 * negative, or belongs to another issuer's certificate.
 */
export function ascendingEntries(
  file: string,
  facts: EntryFacts,
  maxSortedOctets = MAX_SORTED_OCTETS,
): OpenEntries {
  if (facts.certificateIssuers) refuse(file, "it is an indirect CRL, whose serials are of several issuers");
  if (facts.negativeSerials) refuse(file, "it has negative serial numbers");
  const reader = new CrlReader(derChunks(fileChunks(file)));
  if (facts.ascending) return new AscendingReader(file, reader);
  try {
    return new SortedEntries(file, reader, maxSortedOctets);
  } finally {
    reader.close();
  }
}

function refuse(file: string, why: string): never {
  throw new SekishoError("CRL_INVALID", `${file}: ${why}`);
}

/** Hands the reader's entries through and sees to their order. */
class AscendingReader implements OpenEntries {
  constructor(
    private readonly file: string,
    private readonly reader: CrlReader,
  ) {}

  next(): RevokedEntry | undefined {
    const entry = this.reader.next();
    if (!this.reader.ascending) refuse(this.file, "a serial number stands twice, or the file changed");
    return entry;
  }

  close(): void {
    this.reader.close();
  }
}

/** Holds the entries as they are encoded and hands them out in order, decoded one by one. */
class SortedEntries implements OpenEntries {
  private bytes = Buffer.alloc(64 * 1024);
  /** Where each entry starts in `bytes`, and after the last one where it stops. */
  private readonly starts = [0];
  /** Where each entry's serial starts and stops, in turn. */
  private readonly serials: number[] = [];
  private readonly order: Uint32Array;
  private readonly reader: DerReader;
  private readonly entry: ParsedEntry;
  private position = 0;

  constructor(file: string, source: CrlReader, maxOctets: number) {
    for (let entry = source.next(); entry !== undefined; entry = source.next())
      if (!this.hold(entry, maxOctets))
        refuse(file, `not in the order of serials, and too long to be sorted: over ${maxOctets} octets`);
    this.order = Uint32Array.from({ length: this.starts.length - 1 }, (_, index) => index);
    this.order.sort((a, b) => this.compare(a, b));
    for (let i = 1; i < this.order.length; i++)
      if (this.compare(this.order[i - 1] as number, this.order[i] as number) === 0)
        refuse(file, "a serial number stands twice");
    this.reader = new DerReader(this.bytes);
    this.entry = new ParsedEntry(this.reader);
  }

  next(): RevokedEntry | undefined {
    if (this.position === this.order.length) return undefined;
    const index = this.order[this.position++] as number;
    this.reader.reset(this.bytes, this.starts[index], this.starts[index + 1]);
    this.entry.read();
    return this.entry;
  }

  close(): void {}

  private hold({ bytes, start, stop, serialStart, serialStop }: ParsedEntry, maxOctets: number): boolean {
    const at = this.starts.at(-1) as number;
    const end = at + stop - start;
    if (end > maxOctets) return false;
    if (end > this.bytes.length) this.bytes = Buffer.concat([this.bytes], this.bytes.length * 2);
    this.bytes.set(bytes.subarray(start, stop), at);
    this.starts.push(end);
    this.serials.push(at + serialStart - start, at + serialStop - start);
    return true;
  }

  /** Order of two entries, by their index. */
  private compare(a: number, b: number): number {
    const { bytes, serials } = this;
    const aStart = serials[a * 2] as number;
    const aStop = serials[a * 2 + 1] as number;
    const bStart = serials[b * 2] as number;
    const bStop = serials[b * 2 + 1] as number;
    const longer = aStop - aStart - (bStop - bStart);
    return longer !== 0 ? longer : bytes.compare(bytes, bStart, bStop, aStart, aStop);
  }
}
