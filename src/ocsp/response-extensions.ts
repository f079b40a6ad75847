import { OID, oid } from "../asn1/oid.js";
import { contextConstructed, TAG } from "../asn1/tags.js";
import { generalizedTimeText } from "../asn1/time.js";
import { constructed, encode, encoded, nullValue, octetString, primitive, sequence } from "../asn1/writer.js";

/** Extension elements of responses, all non-critical (RFC 6960 4.4). */

/** Written once: to turn the dotted text into octets took a twentieth of what an answer costs beside its signature. */
const NONCE_OID = encoded(encode(oid(OID.idPkixOcspNonce)));
const ARCHIVE_CUTOFF_OID = encoded(encode(oid(OID.idPkixOcspArchiveCutoff)));

/** The client's nonce, written as DER and never copied as it came (RFC 9654 2.1, standards D1). */
export function nonceExtension(nonce: Uint8Array): Uint8Array {
  return encode(sequence(NONCE_OID, octetString(encode(octetString(nonce)))));
}

/** Says that serials nobody issued are answered `revoked` (RFC 6960 4.4.8, standards B13). */
export const EXTENDED_REVOKE: Uint8Array = encode(
  sequence(oid(OID.idPkixOcspExtendedRevoke), octetString(encode(nullValue))),
);

/** How far back records are kept; unix seconds (RFC 6960 4.4.4, standards D8). */
export function archiveCutoffExtension(seconds: number): Uint8Array {
  const time = primitive(TAG.GENERALIZED_TIME, Buffer.from(generalizedTimeText(seconds), "latin1"));
  return encode(sequence(ARCHIVE_CUTOFF_OID, octetString(encode(time))));
}

/**
 * Where the CRL is that lists the certificate (RFC 6960 4.4.2, standards D6). Without number and time: an answer may be
 * ahead of the CRL.
 */
export function crlReferenceExtension(url: string): Uint8Array {
  const crlUrl = constructed(contextConstructed(0), primitive(TAG.IA5_STRING, Buffer.from(url, "latin1")));
  return encode(sequence(oid(OID.idPkixOcspCrl), octetString(encode(sequence(crlUrl)))));
}
