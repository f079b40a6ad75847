import { DerError, DerReader, MAX_DEPTH } from "./reader.js";
import { TAG } from "./tags.js";

/**
 * Walks a whole document once and refuses anything that is not strict DER, deeper than `maxDepth`, or of more than
 * `maxElements` elements. Used before bytes are handed to a library that is more lenient (asn1js reads BER).
 */
export function assertStrictDer(bytes: Uint8Array, maxElements = 4096, maxDepth = MAX_DEPTH): void {
  const reader = new DerReader(bytes, maxDepth);
  const outerEnds: number[] = [];
  let elements = 0;
  reader.any();
  const rootEnd = reader.stop;
  if (rootEnd !== bytes.length) throw new DerError("trailing-bytes", rootEnd);
  reader.reset(bytes);
  for (;;) {
    while (!reader.more && outerEnds.length > 0) reader.leave(outerEnds.pop() as number);
    if (!reader.more) return;
    if (++elements > maxElements) throw new DerError("too-many-elements", reader.position);
    switch (reader.peek()) {
      case TAG.BOOLEAN:
        reader.boolean();
        break;
      case TAG.INTEGER:
      case TAG.ENUMERATED:
        reader.integer(reader.peek());
        break;
      case TAG.NULL:
        reader.null();
        break;
      case TAG.OID:
        reader.oid();
        break;
      case TAG.BIT_STRING:
        reader.bitString();
        break;
      default:
        reader.any();
        if (!hasDerForm(reader.tag)) throw new DerError("wrong-form", reader.header);
        if ((reader.tag & CONSTRUCTED) !== 0) outerEnds.push(reader.into());
    }
  }
}

const CONSTRUCTED = 0x20;

/** False for a universal type in a form that DER does not have; other classes may have either. */
function hasDerForm(tag: number): boolean {
  if (tag === TAG.SEQUENCE || tag === TAG.SET) return true;
  const universal = (tag & 0xc0) === 0;
  return (
    !universal ||
    ((tag & CONSTRUCTED) === 0 && tag !== 0 && tag !== PRIMITIVE_SEQUENCE && tag !== PRIMITIVE_SET)
  );
}

const PRIMITIVE_SEQUENCE = TAG.SEQUENCE & ~CONSTRUCTED;
const PRIMITIVE_SET = TAG.SET & ~CONSTRUCTED;
