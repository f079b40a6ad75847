import { createHash } from "node:crypto";
import { OID, oid } from "../../src/asn1/oid.js";
import { contextConstructed } from "../../src/asn1/tags.js";
import {
  constructed,
  type Der,
  encode,
  nullValue,
  octetString,
  sequence,
  unsignedInteger,
} from "../../src/asn1/writer.js";
import type { Certificate } from "../../src/x509/certificate.js";

/** A DER OCSPRequest with SHA-1 CertIDs, as openssl makes them; with a nonce when given, and other Extension elements. */
export function ocspRequest(
  issuer: Certificate,
  serials: readonly Uint8Array[],
  nonce?: Uint8Array,
  ...others: readonly Der[]
): Buffer {
  const hash = (bytes: Uint8Array) => octetString(createHash("sha1").update(bytes).digest());
  const requests = serials.map((serial) =>
    sequence(
      sequence(
        sequence(oid(OID.sha1), nullValue),
        hash(issuer.subjectName),
        hash(issuer.subjectPublicKeyBits),
        unsignedInteger(serial),
      ),
    ),
  );
  const wanted = nonce === undefined ? others : [nonceElement(nonce), ...others];
  const extensions =
    wanted.length === 0 ? undefined : constructed(contextConstructed(2), sequence(...wanted));
  return Buffer.from(encode(sequence(sequence(sequence(...requests), extensions))));
}

const nonceElement = (nonce: Uint8Array): Der =>
  sequence(oid(OID.idPkixOcspNonce), octetString(encode(octetString(nonce))));

/** The certStatus tag in a response with one SingleResponse about `serial`. */
export function statusIn(
  response: Uint8Array,
  serial: Uint8Array,
): "good" | "revoked" | "unknown" | "unsigned" {
  const certIDEnd = Buffer.from(response).indexOf(Buffer.from(encode(unsignedInteger(serial))));
  if (certIDEnd < 0) return "unsigned";
  const tag = response[certIDEnd + encode(unsignedInteger(serial)).length];
  return tag === 0x80 ? "good" : tag === 0xa1 ? "revoked" : "unknown";
}
