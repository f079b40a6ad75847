import type { ParsedCrl } from "../crl/stream-parser.js";
import { nameText } from "../x509/name-text.js";

/** What a CRL says, for people and for `--json`. Times are unix seconds. */
export interface CrlDescription {
  readonly issuer: string;
  readonly version: number;
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  readonly cRLNumber: bigint | undefined;
  /** BaseCRLNumber of a delta CRL. */
  readonly baseCRLNumber: bigint | undefined;
  readonly authorityKeyIdentifier: Uint8Array | undefined;
  /** URIs of issuingDistributionPoint; empty without one. */
  readonly distributionPoints: readonly string[];
  /** What else issuingDistributionPoint says, in the names of RFC 5280 5.2.5. */
  readonly limits: readonly string[];
  readonly freshestCRL: readonly string[];
  /** Microsoft's nextPublish. */
  readonly nextPublish: number | undefined;
  readonly expiredCertsOnCRL: number | undefined;
  readonly entries: number;
  /** Entries by CRLReason number. */
  readonly reasonCounts: readonly number[];
  /** Bytes of the file. */
  readonly length: number;
}

const LIMITS = [
  "onlyContainsUserCerts",
  "onlyContainsCACerts",
  "onlySomeReasons",
  "indirectCRL",
  "onlyContainsAttributeCerts",
] as const;

/** Throws DER_INVALID on an issuer name that cannot be shown. */
export function describeCrl({ header, extensions, entries, length }: ParsedCrl): CrlDescription {
  const point = extensions.issuingDistributionPoint;
  return {
    issuer: nameText(header.issuerName),
    version: (header.version ?? 0) + 1,
    thisUpdate: header.thisUpdate,
    nextUpdate: header.nextUpdate,
    cRLNumber: extensions.cRLNumber,
    baseCRLNumber: extensions.deltaCRLIndicator,
    authorityKeyIdentifier: extensions.authorityKeyIdentifier?.keyIdentifier,
    distributionPoints: point?.distributionPoint?.uris ?? [],
    limits: LIMITS.filter((limit) => point?.[limit] === true),
    freshestCRL: extensions.freshestCRL?.uris ?? [],
    nextPublish: extensions.nextPublish,
    expiredCertsOnCRL: extensions.expiredCertsOnCRL,
    entries: entries.count,
    reasonCounts: entries.reasonCounts,
    length,
  };
}
