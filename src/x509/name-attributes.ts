import { DerReader } from "../asn1/reader.js";
import { TAG } from "../asn1/tags.js";
import { hex } from "../core/bytes.js";
import { readDer } from "./read-der.js";

/**
 * True if a relative distinguished name of a DER Name has an attribute type twice (X.501 9.3). Throws DER_INVALID. Without the
 * library: the process that makes CRLs would take longer to load it than to make a small one.
 */
export function hasAttributeTypeTwice(name: Uint8Array): boolean {
  return readDer("name", () => readName(name));
}

function readName(name: Uint8Array): boolean {
  const reader = new DerReader(name);
  const end = reader.enter(TAG.SEQUENCE);
  let twice = false;
  while (reader.more) twice = hasTypeTwice(reader) || twice;
  reader.leave(end);
  reader.finish();
  return twice;
}

function hasTypeTwice(reader: DerReader): boolean {
  const end = reader.enter(TAG.SET);
  const types: string[] = [];
  while (reader.more) {
    const attributeEnd = reader.enter(TAG.SEQUENCE);
    reader.oid();
    types.push(hex(reader.content()));
    reader.any();
    reader.leave(attributeEnd);
  }
  reader.leave(end);
  return new Set(types).size < types.length;
}
