import { randomBytes } from "node:crypto";
import type { FileRange } from "../../src/http/handler.js";

/** A made-up file repeats this; its length has no factor in common with a chunk's. */
const PATTERN = randomBytes(99_991);

/** The octets that a made-up file has from an offset on. */
export function madeUp(offset: number, length: number): Buffer {
  const out = Buffer.alloc(length);
  for (let at = 0; at < length; ) at += PATTERN.copy(out, at, (offset + at) % PATTERN.length);
  return out;
}

/** A file range that is made up as it is read, so that it may be of any length, and that counts what is done with it. */
export class MadeUpRange implements FileRange {
  closed = 0;
  /** Offset behind the last octet that was read. */
  readTo = 0;
  /** Offset from which on reading fails, as with a file that was truncated. */
  failsFrom = Number.POSITIVE_INFINITY;
  #onClosed: () => void = () => {};

  constructor(readonly length: number) {}

  read(buffer: Uint8Array, offset: number): boolean {
    if (this.closed > 0) throw new Error("read after close");
    if (offset < 0 || offset + buffer.length > this.length) throw new Error("read outside the range");
    if (offset + buffer.length > this.failsFrom) return false;
    buffer.set(madeUp(offset, buffer.length));
    this.readTo = Math.max(this.readTo, offset + buffer.length);
    return true;
  }

  close(): void {
    this.closed++;
    this.#onClosed();
  }

  async untilClosed(): Promise<void> {
    if (this.closed === 0)
      await new Promise<void>((resolve) => {
        this.#onClosed = resolve;
      });
  }
}
