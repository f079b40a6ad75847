import { DerReader } from "../../src/asn1/reader.js";
import { headerLength, writeHeader } from "../../src/asn1/writer.js";

/** A change of one element of a DER document; what stands around it gets the right lengths again. */
export interface Edit {
  /** Child numbers from the outermost element (which is []) down. */
  readonly at: readonly number[];
  /** Length octets: `indefinite` form; `padded`: one octet longer than it need be; or any octets, in hexadecimal. */
  readonly length?: string;
  readonly tag?: number;
  /** Content in place of the element's own. Hexadecimal, as are the following. */
  readonly content?: string;
  /** Bytes in place of the whole element; "" takes it away. */
  readonly replace?: string;
  /** Bytes at the end of its content. */
  readonly append?: string;
  /** Bytes behind it. */
  readonly after?: string;
  /** A primitive string becomes the constructed form with one part (BER). */
  readonly constructed?: true;
}

const CONSTRUCTED = 0x20;
const END_OF_CONTENTS = Buffer.of(0, 0);

/** The document with the edits, each made in the outcome of the one before. */
export function editDer(der: Uint8Array, edits: readonly Edit[]): Uint8Array {
  return edits.reduce((document, edit) => editAt(document, edit.at, edit), der);
}

function editAt(der: Uint8Array, path: readonly number[], edit: Edit): Uint8Array {
  const reader = new DerReader(der);
  reader.any();
  const [child, ...deeper] = path;
  if (child === undefined) return edited(reader.tag, reader.content(), edit);
  const parts = elements(reader.content());
  const part = parts[child];
  if (part === undefined) throw new RangeError(`no element ${edit.at.join(".")}`);
  parts[child] = editAt(part, deeper, edit);
  return element(reader.tag, Buffer.concat(parts));
}

function edited(tag: number, own: Uint8Array, edit: Edit): Uint8Array {
  if (edit.replace !== undefined) return bytes(edit.replace);
  const { constructed, append = "", after = "" } = edit;
  const start = edit.content === undefined ? own : bytes(edit.content);
  const inner = constructed ? element(tag, start) : start;
  const content = Buffer.concat([inner, bytes(append)]);
  const outerTag = (edit.tag ?? tag) | (constructed ? CONSTRUCTED : 0);
  return Buffer.concat([withLength(outerTag, content, edit.length), bytes(after)]);
}

function withLength(tag: number, content: Uint8Array, form: string | undefined): Uint8Array {
  if (form === undefined) return element(tag, content);
  if (form === "indefinite") return Buffer.concat([Buffer.of(tag, 0x80), content, END_OF_CONTENTS]);
  return Buffer.concat([
    Buffer.of(tag),
    form === "padded" ? paddedLength(content.length) : bytes(form),
    content,
  ]);
}

/** Long form with one octet more than the length needs. */
function paddedLength(length: number): Buffer {
  const octets = headerLength(length) - 1;
  const padded = Buffer.alloc(octets + 1);
  padded[0] = 0x80 | octets;
  padded.writeUIntBE(length, 1, octets);
  return padded;
}

function element(tag: number, content: Uint8Array): Buffer {
  const out = Buffer.alloc(headerLength(content.length) + content.length);
  out.set(content, writeHeader(out, 0, tag, content.length));
  return out;
}

/** The elements that a content is made of. */
export function elements(content: Uint8Array): Uint8Array[] {
  const reader = new DerReader(content);
  const found: Uint8Array[] = [];
  while (reader.more) {
    reader.any();
    found.push(reader.element());
  }
  return found;
}

export function contentOf(element: Uint8Array): Uint8Array {
  const reader = new DerReader(element);
  reader.any();
  return reader.content();
}

const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");
