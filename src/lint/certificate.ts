import { isSekishoError } from "../core/errors.js";
import { parseTbsCertificate, type TbsCertificate } from "../x509/certificate.js";
import { accessIncomplete } from "./certificate/access-incomplete.js";
import { accessNotHttp } from "./certificate/access-not-http.js";
import { authorityKeyIdentifier } from "./certificate/authority-key-identifier.js";
import { basicConstraintsNotCritical } from "./certificate/basic-constraints-not-critical.js";
import { caBitNotOfKind } from "./certificate/ca-bit-not-of-kind.js";
import { caCrlSign } from "./certificate/ca-crl-sign.js";
import { caIsCa } from "./certificate/ca-is-ca.js";
import { caKeyCertSign } from "./certificate/ca-key-cert-sign.js";
import { caOtherKeyUsage } from "./certificate/ca-other-key-usage.js";
import { certSignWithoutCa } from "./certificate/cert-sign-without-ca.js";
import { crlIssuerInPoint } from "./certificate/crl-issuer-in-point.js";
import { crlPointMissing } from "./certificate/crl-point-missing.js";
import { crlPointNotHttp } from "./certificate/crl-point-not-http.js";
import { duplicateAttribute } from "./certificate/duplicate-attribute.js";
import { duplicateExtension } from "./certificate/duplicate-extension.js";
import { duplicatePolicy } from "./certificate/duplicate-policy.js";
import { emptyName } from "./certificate/empty-name.js";
import { issuerMayNotSign } from "./certificate/issuer-may-not-sign.js";
import { issuerName } from "./certificate/issuer-name.js";
import { keyUsageMissing } from "./certificate/key-usage-missing.js";
import { keyUsageNotCritical } from "./certificate/key-usage-not-critical.js";
import { keyUsageTrailingZeros } from "./certificate/key-usage-trailing-zeros.js";
import { ocspCaBit } from "./certificate/ocsp-ca-bit.js";
import { ocspCrlPoints } from "./certificate/ocsp-crl-points.js";
import { ocspDigitalSignature } from "./certificate/ocsp-digital-signature.js";
import { ocspKeyUsage } from "./certificate/ocsp-key-usage.js";
import { ocspNocheck } from "./certificate/ocsp-nocheck.js";
import { ocspOtherExtension } from "./certificate/ocsp-other-extension.js";
import { ocspPolicies } from "./certificate/ocsp-policies.js";
import { ocspProhibitedKeyUsage } from "./certificate/ocsp-prohibited-key-usage.js";
import { ocspPurpose } from "./certificate/ocsp-purpose.js";
import { ocspSigningOutsideResponder } from "./certificate/ocsp-signing-outside-responder.js";
import { pathLengthBeyondIssuer } from "./certificate/path-length-beyond-issuer.js";
import { pathLengthWithoutCa } from "./certificate/path-length-without-ca.js";
import { rootCrlPoints } from "./certificate/root-crl-points.js";
import { rootPolicy } from "./certificate/root-policy.js";
import type { CertificateKind, CertificateRule, LintedCertificate } from "./certificate/rule.js";
import { serialNotPositive } from "./certificate/serial-not-positive.js";
import { serialTooLong } from "./certificate/serial-too-long.js";
import { serialTooShort } from "./certificate/serial-too-short.js";
import { serverWithoutName } from "./certificate/server-without-name.js";
import { signatureNotOfIssuerKey } from "./certificate/signature-not-of-issuer-key.js";
import { subCaCrlPointsCritical } from "./certificate/sub-ca-crl-points-critical.js";
import { subCaCrlPointsMissing } from "./certificate/sub-ca-crl-points-missing.js";
import { subCaCrlPointsUrl } from "./certificate/sub-ca-crl-points-url.js";
import { subjectKeyIdentifierCritical } from "./certificate/subject-key-identifier-critical.js";
import { subjectKeyIdentifierMissing } from "./certificate/subject-key-identifier-missing.js";
import { timeStampingPurpose } from "./certificate/time-stamping-purpose.js";
import { validityNotPositive } from "./certificate/validity-not-positive.js";
import { validityOutsideIssuer } from "./certificate/validity-outside-issuer.js";
import { weakKey } from "./certificate/weak-key.js";
import { weakSignature } from "./certificate/weak-signature.js";
import { wrongTimeType } from "./certificate/wrong-time-type.js";
import type { Finding } from "./finding.js";

/** Every rule for certificates. What breaks one is not signed (DESIGN 4.6, standards I14). */
export const CERTIFICATE_RULES: readonly CertificateRule[] = [
  accessIncomplete,
  accessNotHttp,
  authorityKeyIdentifier,
  basicConstraintsNotCritical,
  caBitNotOfKind,
  caCrlSign,
  caIsCa,
  caKeyCertSign,
  caOtherKeyUsage,
  certSignWithoutCa,
  crlIssuerInPoint,
  crlPointMissing,
  crlPointNotHttp,
  duplicateAttribute,
  duplicateExtension,
  duplicatePolicy,
  emptyName,
  issuerMayNotSign,
  issuerName,
  keyUsageMissing,
  keyUsageNotCritical,
  keyUsageTrailingZeros,
  ocspCaBit,
  ocspCrlPoints,
  ocspDigitalSignature,
  ocspKeyUsage,
  ocspNocheck,
  ocspOtherExtension,
  ocspPolicies,
  ocspProhibitedKeyUsage,
  ocspPurpose,
  ocspSigningOutsideResponder,
  pathLengthBeyondIssuer,
  pathLengthWithoutCa,
  rootCrlPoints,
  rootPolicy,
  serialNotPositive,
  serialTooLong,
  serialTooShort,
  serverWithoutName,
  signatureNotOfIssuerKey,
  subCaCrlPointsCritical,
  subCaCrlPointsMissing,
  subCaCrlPointsUrl,
  subjectKeyIdentifierCritical,
  subjectKeyIdentifierMissing,
  timeStampingPurpose,
  validityNotPositive,
  validityOutsideIssuer,
  weakKey,
  weakSignature,
  wrongTimeType,
];

/** Finding for bytes that cannot be read at all. */
const INVALID_SYNTAX = "itu.invalid_asn1_syntax";

/**
 * Reads a TBSCertificate back from its bytes, whoever built it, and runs every rule. `issuer` is the certificate of the
 * signing CA, undefined for a self-signed root. No findings: it may be signed.
 */
export function lintCertificate(
  tbsCertificate: Uint8Array,
  issuer: TbsCertificate | undefined,
  kind: CertificateKind,
): Finding[] {
  const invalid: Finding[] = [];
  const certificate = readable(invalid, () => parseTbsCertificate(tbsCertificate));
  if (certificate === undefined) return invalid;
  const linted: LintedCertificate = { certificate, issuer: issuer ?? certificate, kind };
  const broken = CERTIFICATE_RULES.filter((rule) => readable(invalid, () => rule.breaks(linted)));
  return [...invalid, ...broken.map(({ name, text }) => ({ rule: name, text }))];
}

/** Result of `read`; bytes that are not DER of the expected structure become a finding instead. */
function readable<T>(findings: Finding[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!isSekishoError(error, "DER_INVALID")) throw error;
    findings.push({ rule: INVALID_SYNTAX, text: error.message });
    return undefined;
  }
}
