import { DerReader } from "../../src/asn1/reader.js";
import { constructed, type Der, encode, primitive } from "../../src/asn1/writer.js";
import { equalBytes } from "./observe.js";
import { Finding } from "./target.js";

const CONSTRUCTED = 0x20;

/** A whole document taken apart and written again by our own encoder is the same document: DER has one form. */
export function assertReencodes(der: Uint8Array, what: string): void {
  let again: Uint8Array;
  try {
    const [only, ...others] = copies(der);
    if (only === undefined || others.length > 0) throw new Finding(`${what} is not one element`);
    again = encode(only);
  } catch (error) {
    throw new Finding(`${what} was accepted and is not DER`, { cause: error });
  }
  if (!equalBytes(again, der)) throw new Finding(`${what} was accepted and is not the only encoding`);
}

function copies(content: Uint8Array): Der[] {
  const reader = new DerReader(content);
  const found: Der[] = [];
  while (reader.more) {
    reader.any();
    const { tag } = reader;
    const inner = reader.content();
    found.push((tag & CONSTRUCTED) === 0 ? primitive(tag, inner) : constructed(tag, ...copies(inner)));
  }
  return found;
}
