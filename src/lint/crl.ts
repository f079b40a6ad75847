import { hex } from "../core/bytes.js";
import { isSekishoError } from "../core/errors.js";
import type { ParsedEntry } from "../crl/parsed-entry.js";
import { type CrlForm, CrlStreamParser, type ParsedCrl } from "../crl/stream-parser.js";
import { authorityKeyIdentifierMissing } from "./crl/authority-key-identifier-missing.js";
import { baseNotBelowNumber } from "./crl/base-not-below-number.js";
import { caEntryWithoutReason } from "./crl/ca-entry-without-reason.js";
import { caValidity } from "./crl/ca-validity.js";
import { certIssuerWithoutSerial } from "./crl/cert-issuer-without-serial.js";
import { distributionPointMissing } from "./crl/distribution-point-missing.js";
import { distributionPointNotOfPartition } from "./crl/distribution-point-not-of-partition.js";
import { distributionPointUnexpected } from "./crl/distribution-point-unexpected.js";
import { duplicateAttribute } from "./crl/duplicate-attribute.js";
import { duplicateExtension } from "./crl/duplicate-extension.js";
import { entryDuplicateExtension } from "./crl/entry-duplicate-extension.js";
import { expiredCertsAfterThisUpdate } from "./crl/expired-certs-after-this-update.js";
import { extensionCriticality } from "./crl/extension-criticality.js";
import { extensionNotRecommended } from "./crl/extension-not-recommended.js";
import { freshestInDelta } from "./crl/freshest-in-delta.js";
import { hasAuthorityInfoAccess } from "./crl/has-authority-info-access.js";
import { hasCertificateIssuer } from "./crl/has-certificate-issuer.js";
import { invalidityDateAfterThisUpdate } from "./crl/invalidity-date-after-this-update.js";
import { invalidityDateCritical } from "./crl/invalidity-date-critical.js";
import { isDelta } from "./crl/is-delta.js";
import { isIndirect } from "./crl/is-indirect.js";
import { issuerMayNotSign } from "./crl/issuer-may-not-sign.js";
import { issuerNameEmpty } from "./crl/issuer-name-empty.js";
import { issuerNameNotOfIssuer } from "./crl/issuer-name-not-of-issuer.js";
import { keyIdentifierMissing } from "./crl/key-identifier-missing.js";
import { keyIdentifierNotOfIssuer } from "./crl/key-identifier-not-of-issuer.js";
import { kindNotAsMeant } from "./crl/kind-not-as-meant.js";
import { nextPublishOutsideValidity } from "./crl/next-publish-outside-validity.js";
import { nextUpdateAfterIssuer } from "./crl/next-update-after-issuer.js";
import { nextUpdateMissing } from "./crl/next-update-missing.js";
import { notOnlyKeyIdentifier } from "./crl/not-only-key-identifier.js";
import { numberCritical } from "./crl/number-critical.js";
import { numberMissing } from "./crl/number-missing.js";
import { numberOutOfRange } from "./crl/number-out-of-range.js";
import { onlySomeReasons } from "./crl/only-some-reasons.js";
import { reasonCritical } from "./crl/reason-critical.js";
import { reasonProhibited } from "./crl/reason-prohibited.js";
import { reasonUnknown } from "./crl/reason-unknown.js";
import { reasonUnspecified } from "./crl/reason-unspecified.js";
import { removeOutsideDelta } from "./crl/remove-outside-delta.js";
import { revocationAfterThisUpdate } from "./crl/revocation-after-this-update.js";
import { revocationTooEarly } from "./crl/revocation-too-early.js";
import { revokedCertificatesEmpty } from "./crl/revoked-certificates-empty.js";
import type { CrlProfile, CrlRule, LintedCrl } from "./crl/rule.js";
import { scopeContradictory } from "./crl/scope-contradictory.js";
import { scopeEmpty } from "./crl/scope-empty.js";
import { scopeNotOfSubjects } from "./crl/scope-not-of-subjects.js";
import { serialNotUnique } from "./crl/serial-not-unique.js";
import { serialOutOfRange } from "./crl/serial-out-of-range.js";
import { serialWithoutCertIssuer } from "./crl/serial-without-cert-issuer.js";
import { serialsNotAscending } from "./crl/serials-not-ascending.js";
import { signatureAlgorithmsDiffer } from "./crl/signature-algorithms-differ.js";
import { signatureNotOfIssuerKey } from "./crl/signature-not-of-issuer-key.js";
import { signatureParametersMissing } from "./crl/signature-parameters-missing.js";
import { subscriberValidity } from "./crl/subscriber-validity.js";
import { urlNotHttp } from "./crl/url-not-http.js";
import { validityNotPositive } from "./crl/validity-not-positive.js";
import { versionMissing } from "./crl/version-missing.js";
import { versionNotV2 } from "./crl/version-not-v2.js";
import { wrongTimeType } from "./crl/wrong-time-type.js";
import type { Finding } from "./finding.js";

/** Every rule for CRLs. What breaks one is neither signed nor published (DESIGN 4.5, 4.6). */
export const CRL_RULES: readonly CrlRule[] = [
  authorityKeyIdentifierMissing,
  baseNotBelowNumber,
  caEntryWithoutReason,
  caValidity,
  certIssuerWithoutSerial,
  distributionPointMissing,
  distributionPointNotOfPartition,
  distributionPointUnexpected,
  duplicateAttribute,
  duplicateExtension,
  entryDuplicateExtension,
  expiredCertsAfterThisUpdate,
  extensionCriticality,
  extensionNotRecommended,
  freshestInDelta,
  hasAuthorityInfoAccess,
  hasCertificateIssuer,
  invalidityDateAfterThisUpdate,
  invalidityDateCritical,
  isDelta,
  isIndirect,
  issuerMayNotSign,
  issuerNameEmpty,
  issuerNameNotOfIssuer,
  keyIdentifierMissing,
  keyIdentifierNotOfIssuer,
  kindNotAsMeant,
  nextPublishOutsideValidity,
  nextUpdateAfterIssuer,
  nextUpdateMissing,
  notOnlyKeyIdentifier,
  numberCritical,
  numberMissing,
  numberOutOfRange,
  onlySomeReasons,
  reasonCritical,
  reasonProhibited,
  reasonUnknown,
  reasonUnspecified,
  removeOutsideDelta,
  revocationAfterThisUpdate,
  revocationTooEarly,
  revokedCertificatesEmpty,
  scopeContradictory,
  scopeEmpty,
  scopeNotOfSubjects,
  serialNotUnique,
  serialOutOfRange,
  serialWithoutCertIssuer,
  serialsNotAscending,
  signatureAlgorithmsDiffer,
  signatureNotOfIssuerKey,
  signatureParametersMissing,
  subscriberValidity,
  urlNotHttp,
  validityNotPositive,
  versionMissing,
  versionNotV2,
  wrongTimeType,
];

/** Name of the finding for a list that cannot be read, or that no relying party may use. */
const INVALID_SYNTAX = "itu.invalid_asn1_syntax";

export interface CrlLintOptions extends Pick<LintedCrl, "issuer" | "subjects" | "kind" | "partition"> {
  /** `tbsCertList` is about to be signed, `CertificateList` to be published. */
  readonly form: CrlForm;
  readonly profile: CrlProfile;
  /** Sees each entry, which is valid until the next one. What it throws is passed on. */
  readonly onEntry?: (entry: ParsedEntry) => void;
  /** Sees what the list says beside its entries, if it could be read to its end. */
  readonly onRead?: (crl: ParsedCrl) => void;
}

/**
 * Reads a list back from its bytes, in constant memory, and runs every rule of the profile. A rule is reported once,
 * with the first serial that breaks it. No findings: it may be signed or published.
 */
export function lintCrl(chunks: Iterable<Uint8Array>, options: CrlLintOptions): Finding[] {
  const rules = CRL_RULES.filter(({ profile }) => profile === undefined || profile === options.profile);
  const findings: Finding[] = [];
  const parser = new CrlStreamParser(options.form);
  try {
    runEntryRules(parser, chunks, rules, findings, options.onEntry);
    options.onRead?.(parser.crl);
    const linted: LintedCrl = { ...parser.crl, ...options };
    for (const rule of rules) if (rule.breaks?.(linted) === true) report(findings, rule);
  } catch (error) {
    if (!isSekishoError(error, "CRL_INVALID", "DER_INVALID")) throw error;
    findings.push({ rule: INVALID_SYNTAX, text: error.message });
  }
  return findings;
}

function runEntryRules(
  parser: CrlStreamParser,
  chunks: Iterable<Uint8Array>,
  rules: readonly CrlRule[],
  findings: Finding[],
  onEntry: (entry: ParsedEntry) => void = () => undefined,
): void {
  let entryRules = rules.filter(({ breaksEntry }) => breaksEntry !== undefined);
  const drain = () => {
    while (parser.next() === "entry") {
      const { entry, header } = parser;
      onEntry(entry);
      for (const rule of entryRules) {
        if (rule.breaksEntry?.(entry, header) !== true) continue;
        report(findings, rule, hex(entry.serial));
        entryRules = entryRules.filter((other) => other !== rule);
      }
    }
  };
  for (const chunk of chunks) {
    parser.offer(chunk);
    drain();
  }
  parser.endInput();
  drain();
}

function report(findings: Finding[], rule: CrlRule, serial?: string): void {
  const [name] = rule.names;
  if (findings.some((finding) => finding.rule === name)) return;
  findings.push({ rule: name, text: serial === undefined ? rule.text : `${rule.text} (serial ${serial})` });
}
