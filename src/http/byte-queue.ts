const EMPTY = Buffer.alloc(0);
const LF = 0x0a;
const SMALLEST = 512;

/**
 * Bytes that have arrived and are not used up yet. A segment that finds the queue empty is borrowed, not copied; later
 * ones are joined in a buffer that doubles, so that one byte a segment costs linear time. Positions count from the front.
 */
export class ByteQueue {
  #bytes: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  #owned = false;

  get length(): number {
    return this.#end - this.#start;
  }

  append(segment: Buffer): void {
    if (this.length === 0) {
      this.#bytes = segment;
      this.#start = 0;
      this.#end = segment.length;
      this.#owned = false;
      return;
    }
    this.#makeRoom(segment.length);
    segment.copy(this.#bytes, this.#end);
    this.#end += segment.length;
  }

  at(position: number): number | undefined {
    return this.#bytes[this.#start + position];
  }

  /** Position of the first line feed at or after `from`, or -1. */
  indexOfLineFeed(from: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    for (let i = this.#start + from; i < end; i++) if (bytes[i] === LF) return i - this.#start;
    return -1;
  }

  latin1(from: number, to: number): string {
    return this.#bytes.toString("latin1", this.#start + from, this.#start + to);
  }

  drop(count: number): void {
    this.#start += count;
    if (this.#start === this.#end) this.#release();
  }

  /** Removes the first `count` bytes and returns them as a view that lives until the next `append`. */
  take(count: number): Buffer {
    const taken = this.#bytes.subarray(this.#start, this.#start + count);
    this.drop(count);
    return taken;
  }

  #makeRoom(count: number): void {
    const needed = this.length + count;
    if (this.#owned && this.#end + count <= this.#bytes.length) return;
    const fits = this.#owned && 2 * needed <= this.#bytes.length;
    const target = fits ? this.#bytes : Buffer.allocUnsafeSlow(Math.max(SMALLEST, 2 * needed));
    this.#bytes.copy(target, 0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    this.#bytes = target;
    this.#owned = true;
  }

  #release(): void {
    this.#bytes = EMPTY;
    this.#start = 0;
    this.#end = 0;
    this.#owned = false;
  }
}
