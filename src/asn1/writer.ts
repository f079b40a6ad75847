import { TAG } from "./tags.js";

/**
 * Measure, then write once: a `Der` knows its encoded length when it is made, and `encode` allocates exactly that
 * and writes front to back. For the hot path `headerLength` and `writeHeader` do the same without nodes.
 */
export interface Der {
  /** Length of the whole encoding in bytes. */
  readonly length: number;
  /** Writes the encoding at `at`; returns the offset after it. */
  write(out: Uint8Array, at: number): number;
}

/** Bytes that identifier and length octets take before `contentLength` bytes of content. */
export function headerLength(contentLength: number): number {
  if (contentLength < 0x80) return 2;
  if (contentLength < 0x100) return 3;
  if (contentLength < 0x10000) return 4;
  if (contentLength < 0x1000000) return 5;
  return 6;
}

/** Writes identifier and length octets; returns the offset of the content. */
export function writeHeader(out: Uint8Array, at: number, tag: number, contentLength: number): number {
  out[at++] = tag;
  if (contentLength < 0x80) {
    out[at++] = contentLength;
    return at;
  }
  const octets = headerLength(contentLength) - 2;
  out[at++] = 0x80 | octets;
  for (let i = octets - 1; i >= 0; i--) out[at++] = Math.floor(contentLength / 256 ** i) & 0xff;
  return at;
}

/** An element with the given content. */
export function primitive(tag: number, content: Uint8Array): Der {
  return {
    length: headerLength(content.length) + content.length,
    write(out, at) {
      const start = writeHeader(out, at, tag, content.length);
      out.set(content, start);
      return start + content.length;
    },
  };
}

/** An element whose content is the given elements, in order; `undefined` stands for an absent OPTIONAL. */
export function constructed(tag: number, ...children: (Der | undefined)[]): Der {
  const present = children.filter((child) => child !== undefined);
  const contentLength = present.reduce((sum, child) => sum + child.length, 0);
  return {
    length: headerLength(contentLength) + contentLength,
    write(out, at) {
      let next = writeHeader(out, at, tag, contentLength);
      for (const child of present) next = child.write(out, next);
      return next;
    },
  };
}

export const sequence = (...children: (Der | undefined)[]): Der => constructed(TAG.SEQUENCE, ...children);

/** Bytes that are DER already. */
export function encoded(der: Uint8Array): Der {
  return {
    length: der.length,
    write(out, at) {
      out.set(der, at);
      return at + der.length;
    },
  };
}

export const octetString = (content: Uint8Array): Der => primitive(TAG.OCTET_STRING, content);

export const nullValue: Der = encoded(Uint8Array.of(TAG.NULL, 0));

/** BOOLEAN TRUE. FALSE is never written: it is the DEFAULT wherever we use it. */
export const booleanTrue: Der = encoded(Uint8Array.of(TAG.BOOLEAN, 1, 0xff));

/** BIT STRING of whole octets (keys, signatures). */
export function bitString(bits: Uint8Array): Der {
  const content = new Uint8Array(bits.length + 1);
  content.set(bits, 1);
  return primitive(TAG.BIT_STRING, content);
}

/** INTEGER (or, with `tag`, ENUMERATED) from a big-endian magnitude of any length, zero included. */
export function unsignedInteger(magnitude: Uint8Array, tag: number = TAG.INTEGER): Der {
  let skip = 0;
  while (skip < magnitude.length - 1 && magnitude[skip] === 0) skip++;
  const trimmed = magnitude.subarray(skip);
  const needsSign = trimmed.length === 0 || (trimmed[0] as number) >= 0x80;
  const content = new Uint8Array(trimmed.length + (needsSign ? 1 : 0));
  content.set(trimmed, needsSign ? 1 : 0);
  return primitive(tag, content);
}

/** INTEGER (or, with `tag`, ENUMERATED) from a non-negative number or bigint. Throws RangeError on any other. */
export function integer(value: number | bigint, tag: number = TAG.INTEGER): Der {
  if (value < 0 || (typeof value === "number" && !Number.isSafeInteger(value)))
    throw new RangeError(`not a non-negative integer: ${value}`);
  const digits = value.toString(16);
  return unsignedInteger(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex"), tag);
}

/** The encoding as bytes of exactly its length. */
export function encode(der: Der): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(der.length);
  der.write(out, 0);
  return out;
}
