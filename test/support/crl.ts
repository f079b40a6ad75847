import { type KeyObject, sign } from "node:crypto";
import { oid } from "../../src/asn1/oid.js";
import { encode, nullValue, sequence } from "../../src/asn1/writer.js";
import { EntryEncoder, entryLength, type RevokedEntry } from "../../src/crl/entry.js";
import {
  certificateListEnvelope,
  layoutTbsCertList,
  type TbsCertListFields,
} from "../../src/crl/tbs-cert-list.js";

export const SHA256_WITH_RSA = encode(sequence(oid("1.2.840.113549.1.1.11"), nullValue));
export const ECDSA_WITH_SHA256 = encode(sequence(oid("1.2.840.10045.4.3.2")));

/** An entry from its serial in hexadecimal; other fields as given. */
export function entry(serial: string, fields: Partial<RevokedEntry> = {}): RevokedEntry {
  const bytes = Buffer.from(serial, "hex");
  const defaults = { revocationDate: 1_700_000_000, reasonCode: 0, invalidityDate: 0 };
  return { bytes, serialStart: 0, serialStop: bytes.length, ...defaults, ...fields };
}

/** The whole tbsCertList in one buffer. */
export function buildTbsCertList(fields: TbsCertListFields, entries: readonly RevokedEntry[]): Buffer {
  const entriesLength = entries.reduce((sum, each) => sum + entryLength(each), 0);
  const layout = layoutTbsCertList(fields, entriesLength);
  const out = Buffer.alloc(layout.length);
  out.set(layout.head, 0);
  const encoder = new EntryEncoder();
  let at = layout.head.length;
  for (const each of entries) at = encoder.write(out, at, each);
  out.set(layout.tail, at);
  return out;
}

/** A tbsCertList signed as CertificateList; the signature algorithm outside may be told apart from the one inside. */
export function signTbsCertList(tbs: Uint8Array, key: KeyObject, signatureAlgorithm: Uint8Array): Buffer {
  const envelope = certificateListEnvelope(tbs.length, signatureAlgorithm, sign("sha256", tbs, key));
  return Buffer.concat([envelope.header, tbs, envelope.trailer]);
}
