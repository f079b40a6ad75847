import { DerError, DerReader } from "../asn1/reader.js";
import { TAG } from "../asn1/tags.js";
import { sameStretch } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";
import { ByteWindow } from "./byte-window.js";
import { type EntryFacts, EntryStatistics } from "./entry-statistics.js";
import { type CrlHeader, readCrlHeader } from "./header.js";
import { ParsedEntry } from "./parsed-entry.js";
import { type CrlExtensions, readTbsTail } from "./parsed-extensions.js";

/** A signed CRL, or the part of it that is about to be signed. */
export type CrlForm = "CertificateList" | "tbsCertList";

/** `more`: offer the next chunk, or end the input. `entry`: `parser.entry` has the next one. `end`: all is read. */
export type CrlEvent = "more" | "entry" | "end";

/** What a CRL says beside its entries. */
export interface ParsedCrl {
  readonly header: CrlHeader;
  readonly entries: EntryFacts;
  /** True if revokedCertificates is there without an entry in it, against RFC 5280 5.1.2.6. */
  readonly emptyRevokedCertificates: boolean;
  readonly extensions: CrlExtensions;
  /** Absent from a tbsCertList. */
  readonly envelope: { readonly signatureAlgorithm: Uint8Array; readonly signature: Uint8Array } | undefined;
  /** Bytes of the whole input. */
  readonly length: number;
}

/** Receives the tbsCertList's bytes, in order and in pieces that are valid only during the call. */
export type TbsSink = (bytes: Uint8Array, header: CrlHeader) => void;

/** Most bytes of everything before the entries, of one entry, and of everything after them. Each fits the window. */
export const HEADER_LIMIT = 64 * 1024;
const ENTRY_LIMIT = 16 * 1024;
export const TAIL_LIMIT = 64 * 1024;

type Stage = "header" | "entries" | "tail" | "done";

/**
 * Reads a CRL of any length in constant memory, fed with chunks of any size: strict DER, lengths checked before they
 * are used, no trailing bytes, v1 without extensions, no unknown critical extension (standards P28).
 *
 * It refuses what cannot be read safely and reports the rest as facts, so that a linter can name them:
 * before relying on a CRL use `readCrl`, which judges them. Whatever is wrong: SekishoError CRL_INVALID.
 */
export class CrlStreamParser {
  readonly entry: ParsedEntry;
  private readonly window = new ByteWindow();
  private readonly reader = new DerReader(this.window.bytes);
  private readonly statistics = new EntryStatistics();
  private readonly form: CrlForm;
  private readonly sink: TbsSink | undefined;
  private stage: Stage = "header";
  /** Bytes that the stage wants to see before it goes on, unless the input ends earlier. */
  private wanted = HEADER_LIMIT;
  /** Offset in the input up to which the stage may read: what it looked ahead to, so that chunk sizes change nothing. */
  private horizon = 0;
  private ended = false;
  private parsedHeader: CrlHeader | undefined;
  private parsed: ParsedCrl | undefined;
  private hasEntries = false;
  /** Offsets in the input. */
  private inputEnd = 0;
  private tbsEnd = 0;
  private entriesEnd = 0;
  private sunk = 0;

  constructor(form: CrlForm, sink?: TbsSink) {
    this.form = form;
    this.sink = sink;
    this.entry = new ParsedEntry(this.reader);
  }

  /** Takes the next chunk, borrowed until `next` returns "more". */
  offer(chunk: Uint8Array): void {
    this.window.offer(chunk);
  }

  /** Says that no chunk follows. */
  endInput(): void {
    this.ended = true;
  }

  /** Goes on to the next entry. */
  next(): CrlEvent {
    try {
      return this.advance();
    } catch (error) {
      if (!(error instanceof DerError)) throw error;
      const where = this.window.base + error.offset;
      throw new SekishoError("CRL_INVALID", `${error.fault} at byte ${where}`, { cause: error });
    }
  }

  /** Passes over the next entry if it is these octets and has been taken in; false: nothing was done. */
  skip(bytes: Uint8Array, start: number, stop: number): boolean {
    const { window } = this;
    const end = window.start + stop - start;
    if (this.stage !== "entries" || end > window.stop || window.base + end > this.entriesEnd) return false;
    if (!sameStretch(bytes, start, stop, window.bytes, window.start, end)) return false;
    window.start = end;
    return true;
  }

  /** Fields before the entries; known with the first entry and at the end. */
  get header(): CrlHeader {
    if (this.parsedHeader === undefined) throw new Error("the header is not read yet");
    return this.parsedHeader;
  }

  /** What is known of the entries read so far. */
  get entries(): EntryFacts {
    return this.statistics;
  }

  /** The whole, known at the end. */
  get crl(): ParsedCrl {
    if (this.parsed === undefined) throw new Error("the CRL is not read to its end yet");
    return this.parsed;
  }

  private advance(): CrlEvent {
    for (;;) {
      if (!this.lookAhead()) return "more";
      if (this.stage === "entries") {
        if (this.window.offset < this.entriesEnd) return this.readEntry();
        this.startTail();
      } else if (this.stage === "header") this.readHeader();
      else if (this.stage === "tail") this.readTail();
      else return this.finish();
    }
  }

  /** Reads ahead by what the stage wants, or to the end of the input; false if a chunk is needed for that. */
  private lookAhead(): boolean {
    const { window } = this;
    this.horizon = window.offset + this.wanted;
    while (window.available < this.wanted) {
      if (window.exhausted) return this.ended;
      this.sinkThrough(window.offset);
      window.fill();
    }
    return true;
  }

  private readHeader(): void {
    const { window } = this;
    if (this.form === "CertificateList") this.inputEnd = this.enterLong();
    this.sunk = window.offset;
    this.tbsEnd = this.enterLong();
    if (this.form === "tbsCertList") this.inputEnd = this.tbsEnd;
    else if (this.tbsEnd > this.inputEnd) throw new DerError("truncated", window.start);
    const reader = this.readerTo(this.tbsEnd);
    this.parsedHeader = readCrlHeader(reader);
    this.hasEntries = reader.peek() === TAG.SEQUENCE;
    window.start = reader.position;
    this.entriesEnd = this.hasEntries ? this.enterLong() : window.offset;
    if (this.entriesEnd > this.tbsEnd) throw new DerError("truncated", window.start);
    this.stage = "entries";
    this.wanted = ENTRY_LIMIT;
  }

  private readEntry(): CrlEvent {
    const reader = this.readerTo(this.entriesEnd);
    this.entry.read();
    this.window.start = reader.position;
    this.statistics.add(this.entry);
    return "entry";
  }

  private startTail(): void {
    const length = this.inputEnd - this.window.offset;
    if (length > TAIL_LIMIT) throw new DerError("length-too-large", this.window.start);
    this.stage = "tail";
    this.wanted = length;
  }

  private readTail(): void {
    const { window } = this;
    if (window.end < this.inputEnd) throw new DerError("truncated", window.stop);
    const extensions = this.readExtensions();
    this.sinkThrough(this.tbsEnd);
    const reader = this.readerTo(this.inputEnd);
    const envelope = this.form === "CertificateList" ? readEnvelope(reader) : undefined;
    reader.finish();
    window.start = reader.position;
    this.parsed = this.assemble(extensions, envelope);
    this.stage = "done";
    this.wanted = 1;
  }

  private readExtensions(): CrlExtensions {
    const reader = this.readerTo(this.tbsEnd);
    const extensions = readTbsTail(reader);
    this.window.start = reader.position;
    return extensions;
  }

  private assemble(extensions: CrlExtensions, envelope: ParsedCrl["envelope"]): ParsedCrl {
    const { header, statistics } = this;
    if (header.version !== 1 && (extensions.list.length > 0 || statistics.extended))
      throw new SekishoError("CRL_INVALID", "a version 1 CRL has extensions");
    if (statistics.certificateIssuers && extensions.issuingDistributionPoint?.indirectCRL !== true)
      throw new SekishoError("CRL_INVALID", "certificateIssuer in a CRL that is not an indirect one");
    const emptyRevokedCertificates = this.hasEntries && statistics.count === 0;
    return {
      header,
      entries: statistics,
      emptyRevokedCertificates,
      extensions,
      envelope,
      length: this.inputEnd,
    };
  }

  private finish(): CrlEvent {
    if (this.window.available > 0) throw new DerError("trailing-bytes", this.window.start);
    return "end";
  }

  /** The one reader on the unread bytes of the window, but not past an offset of the input or the horizon. */
  private readerTo(inputOffset: number): DerReader {
    const { window } = this;
    const limit = Math.min(inputOffset, this.horizon) - window.base;
    return this.reader.reset(window.bytes, window.start, Math.min(window.stop, limit));
  }

  /** Goes into a SEQUENCE that may be longer than the window. Returns the offset of the input where it ends. */
  private enterLong(): number {
    const { window } = this;
    const reader = this.readerTo(window.end);
    const contentLength = reader.openEnded(TAG.SEQUENCE);
    window.start = reader.position;
    return window.offset + contentLength;
  }

  private sinkThrough(inputOffset: number): void {
    const { window, sink } = this;
    if (sink === undefined || this.parsedHeader === undefined) return;
    const until = Math.min(inputOffset, this.tbsEnd);
    if (until > this.sunk)
      sink(window.bytes.subarray(this.sunk - window.base, until - window.base), this.parsedHeader);
    this.sunk = Math.max(this.sunk, until);
  }
}

/** Reads what stands behind the tbsCertList. */
export function readEnvelope(reader: DerReader): NonNullable<ParsedCrl["envelope"]> {
  reader.next(TAG.SEQUENCE);
  const signatureAlgorithm = reader.element().slice();
  if (reader.bitString() !== 0) throw new DerError("bit-string-unused-bits", reader.header);
  return { signatureAlgorithm, signature: reader.content().slice() };
}
