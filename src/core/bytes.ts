/** Small helpers on byte arrays that several layers need. */

/** What `toString("latin1")` of a Buffer ends in; it takes any Uint8Array. */
const { latin1Slice } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
};

/** Key of a Map from bytes: one character a byte. Without a Buffer made for it this takes half the time. */
export function latin1(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return latin1Slice.call(bytes, start, end);
}

/** The same memory as a Buffer (no copy). */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function hex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString("hex");
}

/** True if two stretches hold the same octets. A loop: for fifty octets it is quicker than a call out of JavaScript. */
export function sameStretch(
  a: Uint8Array,
  aStart: number,
  aStop: number,
  b: Uint8Array,
  bStart: number,
  bStop: number,
): boolean {
  const length = aStop - aStart;
  if (length !== bStop - bStart) return false;
  for (let i = 0; i < length; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
