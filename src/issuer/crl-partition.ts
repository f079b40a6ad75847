import { OID } from "../asn1/oid.js";
import { DerReader } from "../asn1/reader.js";
import { asBuffer } from "../core/bytes.js";
import type { IssuerConfig, ProfileConfig } from "../core/config.js";
import { readDistributionPoints } from "../crl/distribution-point.js";
import { ALL, CA_CERTIFICATES, namedScope } from "../crl/scope.js";
import type { Certificate } from "../x509/certificate.js";

/**
 * Which CRL a new certificate names in its distribution point: a shard by the last octets of its serial number, which
 * are random. ALL for one that names none.
 */
export function scopeOfNew(
  { crl: { shards } }: IssuerConfig,
  kind: ProfileConfig["kind"],
  serialNumber: Uint8Array,
): number {
  if (shards === undefined || kind === "root" || kind === "ocsp-responder") return ALL;
  if (kind === "subordinate-ca") return CA_CERTIFICATES;
  return 1 + (asBuffer(serialNumber).readUInt32BE(serialNumber.length - 4) % shards);
}

/**
 * The scope that an issued certificate is pinned to for ever: what its distribution point names, whatever is configured
 * by now. One without a distribution point is on the complete CRL alone (standards H10).
 */
export function pinnedScope({ extensions }: Certificate): number {
  const extension = extensions.find(({ oid }) => oid === OID.cRLDistributionPoints);
  if (extension === undefined) return ALL;
  const { uris } = readDistributionPoints(new DerReader(extension.value));
  return namedScope(uris[0] ?? "");
}
