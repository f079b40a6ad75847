import { DerError, type DerReader } from "../asn1/reader.js";
import { TAG } from "../asn1/tags.js";

/** Extensions in one list that are accepted; more is an attack on the duplicate check. */
const MAX_EXTENSIONS = 32;

/** Extensions of id-ce (2.5.29) end in one octet: 55 1D xx. */
const ID_CE = [0x55, 0x1d] as const;

/**
 * Walks an Extensions SEQUENCE (RFC 5280 4.1) without allocating. After `next` the reader stands in the extension's
 * value, which must be read, or stepped over with `skip`; then `leave`.
 */
export class ExtensionCursor {
  critical = false;
  /** True if an extension of the list came twice. */
  duplicates = false;
  /** Last octet of an id-ce extension's OID; -1 for every other OID. */
  idCe = -1;
  oidStart = 0;
  oidStop = 0;
  private reader: DerReader;
  private count = 0;
  private listEnd = 0;
  private extensionEnd = 0;
  private valueEnd = 0;
  private readonly seen = new Int32Array(MAX_EXTENSIONS * 2);

  constructor(reader: DerReader) {
    this.reader = reader;
  }

  /** Goes into the reader's next element, a list of at least one extension. */
  open(): void {
    this.listEnd = this.reader.enter(TAG.SEQUENCE);
    this.count = 0;
    this.duplicates = false;
    if (!this.reader.more) throw new DerError("truncated", this.reader.position);
  }

  /** Goes into the value of the next extension; false after the last, when the list has been left. */
  next(): boolean {
    const { reader } = this;
    if (!reader.more) {
      reader.leave(this.listEnd);
      return false;
    }
    this.extensionEnd = reader.enter(TAG.SEQUENCE);
    reader.oid();
    this.identify(reader.start, reader.stop);
    this.critical = reader.peek() === TAG.BOOLEAN && reader.boolean();
    this.valueEnd = reader.enter(TAG.OCTET_STRING);
    return true;
  }

  /** Steps over the value. */
  skip(): void {
    this.reader.position = this.reader.end;
  }

  /** Leaves the extension, whose value has been read. */
  leave(): void {
    this.reader.leave(this.valueEnd);
    this.reader.leave(this.extensionEnd);
  }

  private identify(start: number, stop: number): void {
    const { bytes, header } = this.reader;
    if (this.count === MAX_EXTENSIONS) throw new DerError("too-deep", header);
    this.oidStart = start;
    this.oidStop = stop;
    const isIdCe = stop - start === 3 && bytes[start] === ID_CE[0] && bytes[start + 1] === ID_CE[1];
    this.idCe = isIdCe ? (bytes[start + 2] as number) : -1;
    for (let i = 0; i < this.count; i++) if (this.sameAsSeen(i, start, stop)) this.duplicates = true;
    this.seen[this.count * 2] = start;
    this.seen[this.count * 2 + 1] = stop;
    this.count++;
  }

  private sameAsSeen(index: number, start: number, stop: number): boolean {
    const { bytes } = this.reader;
    const seenStart = this.seen[index * 2] as number;
    if ((this.seen[index * 2 + 1] as number) - seenStart !== stop - start) return false;
    for (let i = 0; i < stop - start; i++) if (bytes[seenStart + i] !== bytes[start + i]) return false;
    return true;
  }
}
