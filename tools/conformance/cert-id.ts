import { DerReader } from "../../src/asn1/reader.js";
import { TAG } from "../../src/asn1/tags.js";
import { hex } from "../../src/core/bytes.js";
import type { Single } from "./ocsp-answer.js";
import { type CertIDParts, encodeCertID } from "./request-parts.js";
import type { Seen } from "./seen.js";

/** The CertIDs that were asked about, DER; empty for a request that is not known as data. */
export function askedCertIDs(seen: Seen): Uint8Array[] {
  const { request, target } = seen;
  if (request === undefined) return [];
  const ids: readonly CertIDParts[] = request.ids ?? [{}];
  return ids.map((id) => encodeCertID(target, id));
}

/** The SingleResponse of the first answer about a CertID, however its hash algorithm's parameters are written. */
export function findSingle(seen: Seen, certID: Uint8Array): Single | undefined {
  const wanted = certIDKey(certID);
  return seen.ocsp?.basic?.singles.find((single) => certIDKey(single.certID) === wanted);
}

/** The CertID without the parameters of its hash algorithm, which may be absent or NULL (RFC 5754 2). */
export function certIDKey(certID: Uint8Array): string {
  const reader = new DerReader(certID);
  const end = reader.enter(TAG.SEQUENCE);
  const outer = reader.enter(TAG.SEQUENCE);
  reader.oid();
  const algorithm = hex(reader.content());
  if (reader.more) reader.any();
  reader.leave(outer);
  reader.next(TAG.OCTET_STRING);
  const nameHash = hex(reader.content());
  reader.next(TAG.OCTET_STRING);
  const keyHash = hex(reader.content());
  reader.any();
  const serial = hex(reader.element());
  reader.leave(end);
  return [algorithm, nameHash, keyHash, serial].join(" ");
}
