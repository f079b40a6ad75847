import type { KeyObject } from "node:crypto";
import { EntryEncoder, entryLength, type RevokedEntry } from "../../src/crl/entry.js";
import { layoutTbsCertList, type TbsCertListFields } from "../../src/crl/tbs-cert-list.js";
import { ECDSA_WITH_SHA256, signTbsCertList } from "./crl.js";

const SERIAL_OCTETS = 16;

/** A signed CRL of at least so many octets, with serials in ascending order. */
export function largeCrl(
  fields: Omit<TbsCertListFields, "signatureAlgorithm">,
  octets: number,
  key: KeyObject,
): Buffer {
  const bytes = Buffer.alloc(SERIAL_OCTETS, 0x01);
  const entry: RevokedEntry = {
    bytes,
    serialStart: 0,
    serialStop: SERIAL_OCTETS,
    revocationDate: 1_700_000_000,
    reasonCode: 1,
    invalidityDate: 0,
  };
  const each = entryLength(entry);
  const count = Math.ceil(octets / each);
  const layout = layoutTbsCertList({ ...fields, signatureAlgorithm: ECDSA_WITH_SHA256 }, count * each);
  const tbs = Buffer.alloc(layout.length);
  tbs.set(layout.head);
  const encoder = new EntryEncoder();
  let at = layout.head.length;
  for (let i = 0; i < count; i++) {
    bytes.writeUInt32BE(i, SERIAL_OCTETS - 4);
    at = encoder.write(tbs, at, entry);
  }
  tbs.set(layout.tail, at);
  return signTbsCertList(tbs, key, ECDSA_WITH_SHA256);
}
