import { OID, oid } from "../asn1/oid.js";
import { contextConstructed, contextPrimitive } from "../asn1/tags.js";
import { generalizedTime } from "../asn1/time.js";
import {
  booleanTrue,
  constructed,
  type Der,
  encode,
  integer,
  octetString,
  primitive,
  sequence,
} from "../asn1/writer.js";

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
  return extension(OID.freshestCRL, sequence(sequence(distributionPointName(url))));
}

/** deltaCRLIndicator: the complete CRL that a delta CRL starts from (RFC 5280 5.2.4, standards H1). */
export function deltaCRLIndicator(baseCRLNumber: bigint): Der {
  return extension(OID.deltaCRLIndicator, integer(baseCRLNumber), true);
}

/** Which certificates a CRL is limited to (RFC 5280 5.2.5, standards H9 to H12). */
export interface DistributionScope {
  /** The URL in those certificates' CRL distribution point, byte for byte. */
  readonly url: string;
  readonly only: "users" | "cas";
}

/** issuingDistributionPoint of a CRL that covers a part of the issuer's certificates. */
export function issuingDistributionPoint({ url, only }: DistributionScope): Der {
  const flag = primitive(contextPrimitive(only === "users" ? 1 : 2), Uint8Array.of(0xff));
  return extension(OID.issuingDistributionPoint, sequence(distributionPointName(url), flag), true);
}

/** expiredCertsOnCRL: certificates that expired since then stay on the list (X.509, standards L6). Unix seconds. */
export function expiredCertsOnCRL(since: number): Der {
  return extension(OID.expiredCertsOnCRL, generalizedTime(since));
}

/** distributionPoint [0] with fullName [0]. */
function distributionPointName(url: string): Der {
  const uri = primitive(contextPrimitive(6), Buffer.from(url, "latin1"));
  return constructed(contextConstructed(0), constructed(contextConstructed(0), uri));
}

function extension(dotted: string, value: Der, critical = false): Der {
  return sequence(oid(dotted), critical ? booleanTrue : undefined, octetString(encode(value)));
}
