/** Bytes read ahead. Larger chunks of the input are taken in pieces of at most this. */
const CAPACITY = 128 * 1024;

/**
 * A fixed buffer over a long input: bytes come in at the end and are dropped at the front, so memory does not
 * depend on the input's length or on lengths it claims.
 */
export class ByteWindow {
  readonly bytes = new Uint8Array(CAPACITY);
  /** Next unread byte. */
  start = 0;
  /** After the last byte. */
  stop = 0;
  /** Offset in the input of `bytes[0]`. */
  base = 0;
  private pending: Uint8Array | undefined;
  private pendingAt = 0;

  get available(): number {
    return this.stop - this.start;
  }

  /** Offset in the input of the next unread byte. */
  get offset(): number {
    return this.base + this.start;
  }

  /** Offset in the input after the last byte. */
  get end(): number {
    return this.base + this.stop;
  }

  /** True if the offered chunk has been taken in, so that the next one may be offered. */
  get exhausted(): boolean {
    return this.pending === undefined;
  }

  /** Borrows the next chunk of the input until `exhausted`. */
  offer(chunk: Uint8Array): void {
    if (!this.exhausted) throw new Error("the chunk before is not used up");
    if (chunk.length === 0) return;
    this.pending = chunk;
    this.pendingAt = 0;
  }

  /** Takes in more of the offered chunk, dropping what was read if there is no room. */
  fill(): void {
    const { pending } = this;
    if (pending === undefined) return;
    if (pending.length - this.pendingAt > CAPACITY - this.stop) this.compact();
    const piece = pending.subarray(this.pendingAt, this.pendingAt + CAPACITY - this.stop);
    this.bytes.set(piece, this.stop);
    this.stop += piece.length;
    this.pendingAt += piece.length;
    if (this.pendingAt === pending.length) this.pending = undefined;
  }

  private compact(): void {
    this.bytes.copyWithin(0, this.start, this.stop);
    this.base += this.start;
    this.stop -= this.start;
    this.start = 0;
  }
}
