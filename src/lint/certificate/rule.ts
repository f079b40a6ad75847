import { OID } from "../../asn1/oid.js";
import type { ProfileConfig } from "../../core/config.js";
import type { TbsCertificate } from "../../x509/certificate.js";
import { type Extension, findExtension } from "../../x509/extensions.js";

export type CertificateKind = ProfileConfig["kind"];

/** What a rule looks at: the certificate as read back from the bytes that are about to be signed. */
export interface LintedCertificate {
  readonly certificate: TbsCertificate;
  /** Certificate of the signing CA; for a root the certificate itself. */
  readonly issuer: TbsCertificate;
  readonly kind: CertificateKind;
}

/**
 * One rule. Names with e_ or w_ are zlint's, those with pkix. or cabf. pkilint's (standards O5, O6, O8, O10), those with
 * sekisho. stand for a number of our own list.
 */
export interface CertificateRule {
  readonly name: string;
  /** What is wrong when the rule is broken, as an operator reads it. */
  readonly text: string;
  breaks(linted: LintedCertificate): boolean;
}

export function isCa(kind: CertificateKind): boolean {
  return kind === "root" || kind === "subordinate-ca";
}

/** Kinds that point to a CRL and an OCSP responder. */
export function isPublished(kind: CertificateKind): boolean {
  return kind === "subordinate-ca" || kind === "end-entity";
}

export function extensionOf(
  { certificate }: LintedCertificate,
  type: keyof typeof OID,
): Extension | undefined {
  return findExtension(certificate.extensions, OID[type]);
}
