import { TAG } from "./tags.js";

/** Why bytes were refused. Each rejection of the reader has its own name (X.690 section in the comment). */
export type DerFault =
  | "truncated" // an element claims more bytes than its surroundings have
  | "unexpected-tag"
  | "high-tag-number" // 8.1.2.4; no structure here uses it
  | "indefinite-length" // 8.1.3.6, forbidden by 10.1
  | "length-not-minimal" // 10.1
  | "length-too-large" // more than 4 length octets
  | "trailing-bytes"
  | "too-deep"
  | "too-many-elements"
  | "wrong-form" // primitive SEQUENCE or SET (8.9.1), constructed form of any other universal type (10.2)
  | "integer-empty"
  | "integer-not-minimal" // 8.3.2
  | "integer-out-of-range"
  | "boolean-not-der" // 11.1
  | "null-not-empty"
  | "bit-string-unused-bits" // 8.6.2.2, 11.2
  | "oid-invalid" // 8.19
  | "time-invalid"; // 11.7, 11.8, RFC 5280 4.1.2.5

export class DerError extends Error {
  readonly fault: DerFault;
  readonly offset: number;

  constructor(fault: DerFault, offset: number) {
    super(`${fault} at offset ${offset}`);
    this.name = "DerError";
    this.fault = fault;
    this.offset = offset;
  }
}

/** Nesting that is accepted by default (standards P6). */
export const MAX_DEPTH = 16;

/** Longest OBJECT IDENTIFIER that is read: turning one into text takes time quadratic in its length. */
const MAX_OID_OCTETS = 128;

/**
 * A cursor over strict DER that borrows from the caller's buffer: nothing is copied, nothing is allocated.
 *
 * `next(tag)` reads one element's header and leaves its content in `start`..`stop`. `enter(tag)` narrows the window
 * to the element's content and returns the outer end, which `leave(outerEnd)` restores; `leave` refuses content that
 * was not read. Every length is checked against the window before it is used.
 */
export class DerReader {
  bytes: Uint8Array;
  /** Next unread offset. */
  position: number;
  /** End of the window (exclusive). */
  end: number;
  /** Identifier octet of the last element. */
  tag = 0;
  /** Offset of the last element's identifier octet. */
  header = 0;
  /** Content of the last element: start inclusive, stop exclusive. */
  start = 0;
  stop = 0;
  private depth = 0;
  private readonly maxDepth: number;

  constructor(bytes: Uint8Array, maxDepth = MAX_DEPTH) {
    this.bytes = bytes;
    this.position = 0;
    this.end = bytes.length;
    this.maxDepth = maxDepth;
  }

  /** Starts over on other bytes, so that one reader serves many requests. */
  reset(bytes: Uint8Array, start = 0, end = bytes.length): this {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    this.depth = 0;
    return this;
  }

  /** True if unread bytes remain in the window. */
  get more(): boolean {
    return this.position < this.end;
  }

  /** Identifier octet of the next element, or -1 at the end of the window. */
  peek(): number {
    return this.position < this.end ? (this.bytes[this.position] as number) : -1;
  }

  /** Reads the next element whatever its tag, and steps over it. */
  any(): void {
    const length = this.readHeader();
    if (length > this.end - this.start) this.refuse("truncated", this.header);
    this.stop = this.start + length;
    this.position = this.stop;
  }

  /**
   * Reads only identifier and length octets of the next element, which must have `tag`, and stands on its content,
   * which may reach past the window: for streams. Returns the content's length, which the caller has to bound.
   */
  openEnded(tag: number): number {
    if (this.peek() !== tag) this.refuse(this.more ? "unexpected-tag" : "truncated", this.position);
    const length = this.readHeader();
    this.position = this.start;
    return length;
  }

  /** Leaves the content's offset in `start` and returns its length, not yet checked against the window. */
  private readHeader(): number {
    const { bytes, end } = this;
    let at = this.position;
    if (at + 2 > end) this.refuse("truncated", at);
    this.header = at;
    this.tag = bytes[at++] as number;
    if ((this.tag & 0x1f) === 0x1f) this.refuse("high-tag-number", this.header);
    let length = bytes[at++] as number;
    if (length >= 0x80) {
      const octets = length & 0x7f;
      if (octets === 0) this.refuse("indefinite-length", this.header);
      if (octets > 4) this.refuse("length-too-large", this.header);
      if (at + octets > end) this.refuse("truncated", this.header);
      length = 0;
      for (let i = 0; i < octets; i++) length = length * 256 + (bytes[at++] as number);
      if (length < 0x80 || length < 2 ** (8 * (octets - 1))) this.refuse("length-not-minimal", this.header);
    }
    this.start = at;
    return length;
  }

  /** Reads the next element, which must have `tag`, and steps over it. */
  next(tag: number): void {
    if (this.peek() !== tag) this.refuse(this.more ? "unexpected-tag" : "truncated", this.position);
    this.any();
  }

  /** Reads the next element if it has `tag`; false leaves the cursor where it was. */
  optional(tag: number): boolean {
    if (this.peek() !== tag) return false;
    this.any();
    return true;
  }

  /** Goes into the next element, which must have `tag`. Returns the outer end for `leave`. */
  enter(tag: number): number {
    this.next(tag);
    return this.into();
  }

  /** Goes into the element that was just read. Returns the outer end for `leave`. */
  into(): number {
    if (++this.depth > this.maxDepth) this.refuse("too-deep", this.header);
    const outerEnd = this.end;
    this.position = this.start;
    this.end = this.stop;
    return outerEnd;
  }

  /** Leaves the element entered last; all of its content must have been read. */
  leave(outerEnd: number): void {
    if (this.position !== this.end) this.refuse("trailing-bytes", this.position);
    this.depth--;
    this.end = outerEnd;
  }

  /** Refuses bytes after the outermost element. */
  finish(): void {
    if (this.position !== this.end) this.refuse("trailing-bytes", this.position);
  }

  /** Reads an INTEGER and leaves its content octets in `start`..`stop` (minimal, at least one). */
  integer(tag: number = TAG.INTEGER): void {
    this.next(tag);
    const { bytes, start, stop } = this;
    if (stop === start) this.refuse("integer-empty", this.header);
    if (stop - start > 1) {
      const first = bytes[start] as number;
      const second = bytes[start + 1] as number;
      if ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))
        this.refuse("integer-not-minimal", this.header);
    }
  }

  /** Reads a non-negative INTEGER or ENUMERATED below 2^31. */
  smallInteger(tag: number = TAG.INTEGER): number {
    this.integer(tag);
    const { bytes, start, stop } = this;
    if (stop - start > 4 || (bytes[start] as number) >= 0x80)
      this.refuse("integer-out-of-range", this.header);
    let value = 0;
    for (let i = start; i < stop; i++) value = value * 256 + (bytes[i] as number);
    return value;
  }

  /** Reads a BOOLEAN: content 00 or FF only. */
  boolean(): boolean {
    this.next(TAG.BOOLEAN);
    const value = this.bytes[this.start] as number;
    if (this.stop - this.start !== 1 || (value !== 0 && value !== 0xff))
      this.refuse("boolean-not-der", this.header);
    return value !== 0;
  }

  /** Reads a NULL. */
  null(): void {
    this.next(TAG.NULL);
    if (this.stop !== this.start) this.refuse("null-not-empty", this.header);
  }

  /** Reads an OBJECT IDENTIFIER and leaves its content octets in `start`..`stop`, each arc minimal. */
  oid(): void {
    this.next(TAG.OID);
    const { bytes, start, stop } = this;
    const length = stop - start;
    if (length === 0 || length > MAX_OID_OCTETS || (bytes[stop - 1] as number) >= 0x80)
      this.refuse("oid-invalid", this.header);
    let arcBegins = true;
    for (let i = start; i < stop; i++) {
      const octet = bytes[i] as number;
      if (arcBegins && octet === 0x80) this.refuse("oid-invalid", this.header);
      arcBegins = octet < 0x80;
    }
  }

  /** Reads a BIT STRING and leaves its bits, without the unused-bits octet, in `start`..`stop`. Returns the unused bits. */
  bitString(): number {
    this.next(TAG.BIT_STRING);
    if (this.stop === this.start) this.refuse("truncated", this.header);
    const unused = this.bytes[this.start] as number;
    this.start++;
    const last = this.stop > this.start ? (this.bytes[this.stop - 1] as number) : 0;
    const empty = this.stop === this.start;
    if (unused > 7 || (empty && unused !== 0) || (last & ((1 << unused) - 1)) !== 0)
      this.refuse("bit-string-unused-bits", this.header);
    return unused;
  }

  /** The last element's content, borrowed. */
  content(): Uint8Array {
    return this.bytes.subarray(this.start, this.stop);
  }

  /** The last element with its header, borrowed. After `bitString` too: the header offset is kept. */
  element(): Uint8Array {
    return this.bytes.subarray(this.header, this.stop);
  }

  private refuse(fault: DerFault, offset: number): never {
    throw new DerError(fault, offset);
  }
}
