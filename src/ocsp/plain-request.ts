import { OID, oid } from "../asn1/oid.js";
import { encode, nullValue, octetString, sequence, unsignedInteger } from "../asn1/writer.js";
import type { CertIDHash } from "./request.js";

/** What a CertID says of the issuer (RFC 6960 4.1.1). */
export interface CertIDIssuer {
  readonly hash: CertIDHash;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
}

/**
 * The DER OCSPRequest of a client without nonce: one CertID, nothing else. `parameters` of the hash algorithm: NULL, as
 * nearly all clients write it, or absent (standards A6). `serial` is a magnitude.
 */
export function plainRequest(
  { hash, issuerNameHash, issuerKeyHash }: CertIDIssuer,
  serial: Uint8Array,
  parameters: "null" | "absent",
): Uint8Array {
  const algorithm = sequence(oid(OID[hash]), parameters === "null" ? nullValue : undefined);
  const certID = sequence(
    algorithm,
    octetString(issuerNameHash),
    octetString(issuerKeyHash),
    unsignedInteger(serial),
  );
  return encode(sequence(sequence(sequence(sequence(certID)))));
}
