import { TAG } from "./tags.js";
import { type Der, primitive } from "./writer.js";

/** Content octets of an OBJECT IDENTIFIER from dotted text (X.690 8.19). Throws RangeError on text that is not one. */
export function oidContent(dotted: string): Uint8Array {
  const arcs = dotted.split(".").map((arc) => {
    if (!/^(0|[1-9]\d{0,38})$/.test(arc)) throw new RangeError(`not an object identifier: ${dotted}`);
    return BigInt(arc);
  });
  const [first, second, ...rest] = arcs;
  if (first === undefined || second === undefined || first > 2n || (first < 2n && second > 39n))
    throw new RangeError(`not an object identifier: ${dotted}`);
  const octets: number[] = [];
  for (const arc of [first * 40n + second, ...rest]) {
    const base128: number[] = [Number(arc & 0x7fn)];
    for (let left = arc >> 7n; left > 0n; left >>= 7n) base128.unshift(Number(left & 0x7fn) | 0x80);
    octets.push(...base128);
  }
  return Uint8Array.from(octets);
}

/** Dotted text from content octets that the reader has checked. */
export function oidText(content: Uint8Array): string {
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const octet of content) {
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    if (octet < 0x80) {
      arcs.push(arc);
      arc = 0n;
    }
  }
  const head = arcs[0] ?? 0n;
  const first = head < 80n ? head / 40n : 2n;
  return [first, head - first * 40n, ...arcs.slice(1)].join(".");
}

export const oid = (dotted: string): Der => primitive(TAG.OID, oidContent(dotted));

/** Object identifiers in use, by their names in the standards. */
export const OID = {
  // RFC 6960 4.2.1, 4.4
  idPkixOcspBasic: "1.3.6.1.5.5.7.48.1.1",
  idPkixOcspNonce: "1.3.6.1.5.5.7.48.1.2",
  idPkixOcspCrl: "1.3.6.1.5.5.7.48.1.3",
  idPkixOcspArchiveCutoff: "1.3.6.1.5.5.7.48.1.6",
  idPkixOcspExtendedRevoke: "1.3.6.1.5.5.7.48.1.9",
  idPkixOcspResponse: "1.3.6.1.5.5.7.48.1.4",
  idPkixOcspNocheck: "1.3.6.1.5.5.7.48.1.5",
  idPkixOcspServiceLocator: "1.3.6.1.5.5.7.48.1.7",
  idPkixOcspPrefSigAlgs: "1.3.6.1.5.5.7.48.1.8",
  // Hash algorithms of a CertID
  sha1: "1.3.14.3.2.26",
  sha256: "2.16.840.1.101.3.4.2.1",
  sha384: "2.16.840.1.101.3.4.2.2",
  sha512: "2.16.840.1.101.3.4.2.3",
  // Signature algorithms (RFC 4055, 5758)
  sha256WithRSAEncryption: "1.2.840.113549.1.1.11",
  ecdsaWithSHA256: "1.2.840.10045.4.3.2",
  ecdsaWithSHA384: "1.2.840.10045.4.3.3",
  // Extensions (RFC 5280)
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  cRLNumber: "2.5.29.20",
  reasonCode: "2.5.29.21",
  invalidityDate: "2.5.29.24",
  deltaCRLIndicator: "2.5.29.27",
  issuingDistributionPoint: "2.5.29.28",
  cRLDistributionPoints: "2.5.29.31",
  certificatePolicies: "2.5.29.32",
  authorityKeyIdentifier: "2.5.29.35",
  extKeyUsage: "2.5.29.37",
  freshestCRL: "2.5.29.46",
  expiredCertsOnCRL: "2.5.29.60",
  nextPublish: "1.3.6.1.4.1.311.21.4",
  authorityInfoAccess: "1.3.6.1.5.5.7.1.1",
  idAdOcsp: "1.3.6.1.5.5.7.48.1",
  idAdCaIssuers: "1.3.6.1.5.5.7.48.2",
  // Extended key usages
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  timeStamping: "1.3.6.1.5.5.7.3.8",
  ocspSigning: "1.3.6.1.5.5.7.3.9",
} as const;
