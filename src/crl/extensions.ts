import { OID, oid } from "../asn1/oid.js";
import { contextConstructed, contextPrimitive } from "../asn1/tags.js";
import { constructed, type Der, encode, integer, octetString, primitive, sequence } from "../asn1/writer.js";

/** authorityKeyIdentifier in its keyIdentifier form (RFC 5280 5.2.1, standards G7). */
export function authorityKeyIdentifier(keyIdentifier: Uint8Array): Der {
  return extension(OID.authorityKeyIdentifier, sequence(primitive(contextPrimitive(0), keyIdentifier)));
}

/** cRLNumber (RFC 5280 5.2.3). Throws RangeError outside 0 <= n < 2^159 (standards G8). */
export function cRLNumber(number: bigint): Der {
  if (number < 0n || number >= 2n ** 159n) throw new RangeError("a cRLNumber is from 0 to 2^159 - 1");
  return extension(OID.cRLNumber, integer(number));
}

/** freshestCRL: where the delta CRL of a complete CRL lies (RFC 5280 5.2.6, standards G15: only distributionPoint). */
export function freshestCRL(url: string): Der {
  const fullName = constructed(
    contextConstructed(0),
    primitive(contextPrimitive(6), Buffer.from(url, "latin1")),
  );
  return extension(OID.freshestCRL, sequence(sequence(constructed(contextConstructed(0), fullName))));
}

/** An extension that is not critical. */
function extension(dotted: string, value: Der): Der {
  return sequence(oid(dotted), octetString(encode(value)));
}
