import { DerReader } from "../../src/asn1/reader.js";
import { headerLength, writeHeader } from "../../src/asn1/writer.js";

/** An element that can be changed: either octets or elements inside it. */
export interface Element {
  tag: number;
  /** Octets before the elements inside: those of a BIT STRING that wraps DER. */
  content: Uint8Array;
  inner: Element[] | undefined;
}

const CONSTRUCTED = 0x20;
const OCTET_STRING = 0x04;
/** Inputs are small; what nests deeper than this is changed as octets. */
const MAX_DEPTH = 12;

/** The elements that the bytes are made of, undefined if they are not DER. OCTET STRINGs that hold DER are looked into. */
export function elementsOf(bytes: Uint8Array, depth = 0): Element[] | undefined {
  const reader = new DerReader(bytes);
  const found: Element[] = [];
  try {
    while (reader.more) {
      reader.any();
      found.push(elementOf(reader.tag, reader.content(), depth));
    }
  } catch {
    return undefined;
  }
  return found;
}

function elementOf(tag: number, content: Uint8Array, depth: number): Element {
  const mayHold = (tag & CONSTRUCTED) !== 0 || (tag === OCTET_STRING && content.length > 1);
  const inner = mayHold && depth < MAX_DEPTH ? elementsOf(content, depth + 1) : undefined;
  return { tag, content, inner };
}

/** The elements as bytes, with right lengths. */
export function bytesOf(elements: readonly Element[]): Buffer {
  return Buffer.concat(elements.map(encoded));
}

function encoded({ tag, content, inner }: Element): Buffer {
  const body = inner === undefined ? content : bytesOf(inner);
  const length = headerLength(body.length);
  const out = Buffer.alloc(length + body.length);
  writeHeader(out, 0, tag, body.length);
  out.set(body, length);
  return out;
}

/** Every list of elements in the document, the outermost first. */
export function listsIn(elements: Element[]): Element[][] {
  return [elements, ...elements.flatMap(({ inner }) => (inner === undefined ? [] : listsIn(inner)))];
}
