import { MAX_SERIAL_OCTETS } from "./layout.js";

/** Octets of a SHA-256 hash. */
export const HASH_OCTETS = 32;

/** Appends fixed-width big-endian numbers (up to 6 octets) and byte strings. */
export class ByteWriter {
  private readonly parts: Buffer[] = [];

  uint(value: number, octets: number): this {
    const part = Buffer.allocUnsafe(octets);
    part.writeUIntBE(value, 0, octets);
    this.parts.push(part);
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.parts.push(Buffer.from(bytes));
    return this;
  }

  hash(bytes: Uint8Array): this {
    if (bytes.length !== HASH_OCTETS) throw new RangeError("not a SHA-256 hash");
    return this.raw(bytes);
  }

  serial(bytes: Uint8Array): this {
    return this.counted(checkedSerial(bytes), 1);
  }

  counted(bytes: Uint8Array, lengthOctets: number): this {
    return this.uint(bytes.length, lengthOctets).raw(bytes);
  }

  finish(): Buffer {
    return Buffer.concat(this.parts);
  }
}

/** Reads what ByteWriter wrote; every length is checked before it is used. */
export class ByteReader {
  private at = 0;
  private readonly bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  uint(octets: number): number {
    const at = this.step(octets);
    return this.bytes.readUIntBE(at, octets);
  }

  hash(): Uint8Array {
    return this.raw(HASH_OCTETS);
  }

  serial(): Uint8Array {
    return checkedSerial(this.counted(1));
  }

  raw(octets: number): Uint8Array {
    const at = this.step(octets);
    return Uint8Array.prototype.slice.call(this.bytes, at, at + octets);
  }

  counted(lengthOctets: number): Uint8Array {
    return this.raw(this.uint(lengthOctets));
  }

  /** Everything that is left. */
  rest(): Uint8Array {
    return this.raw(this.bytes.length - this.at);
  }

  finish(): void {
    if (this.at !== this.bytes.length) throw new RangeError("trailing bytes in a journal record");
  }

  private step(octets: number): number {
    const at = this.at;
    if (octets > this.bytes.length - at) throw new RangeError("truncated journal record");
    this.at += octets;
    return at;
  }
}

/** A serial's magnitude in its one form: rows are ordered by it, and a second form would be a second row. */
function checkedSerial(serial: Uint8Array): Uint8Array {
  if (serial.length < 1 || serial.length > MAX_SERIAL_OCTETS || serial[0] === 0)
    throw new RangeError("not the magnitude of a serial number");
  return serial;
}
