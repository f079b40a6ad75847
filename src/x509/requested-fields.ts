import { OID } from "../asn1/oid.js";
import type { ProfileConfig } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import type { CertificationRequest } from "./certification-request.js";
import { purposeOids } from "./extension-values.js";
import { findExtension, readBasicConstraints, readExtendedKeyUsage, readKeyUsage } from "./extensions.js";
import { requestedSubject } from "./name.js";
import { readDer } from "./read-der.js";
import { type AlternativeName, requestedAlternativeNames } from "./subject-alt-name.js";

const FILTERED: readonly string[] = [OID.subjectAltName, OID.keyUsage, OID.extKeyUsage, OID.basicConstraints];

/**
 * What of a request's wishes reaches the certificate: subject fields and alternative names that the profile lists.
 * Usages and basicConstraints may be asked for as far as the profile grants them anyway; the profile's own are written.
 * Throws CSR_FIELD naming what is not allowed or lacking (standards I18, P27).
 */
export function grantedFields(
  request: CertificationRequest,
  profile: ProfileConfig,
): { subjectName: Uint8Array; alternativeNames: readonly AlternativeName[] } {
  const foreign = request.extensions.find(({ oid }) => !FILTERED.includes(oid));
  if (foreign !== undefined) throw refused(`extension ${foreign.oid} is not allowed by the profile`);
  readDer("extensionRequest", () => checkUsages(request, profile));
  const subjectName = requestedSubject(request.subjectName, profile.subjectFields);
  const requested = findExtension(request.extensions, OID.subjectAltName);
  if (requested === undefined && profile.extendedKeyUsage.includes("serverAuth"))
    throw refused("subjectAltName is missing: a TLS server certificate needs a name in it");
  const alternativeNames =
    requested === undefined ? [] : requestedAlternativeNames(requested.value, profile.subjectAltName);
  return { subjectName, alternativeNames };
}

function checkUsages({ extensions }: CertificationRequest, profile: ProfileConfig): void {
  const usages = [...(readKeyUsage(extensions) ?? [])];
  const usage = usages.find((usage) => !profile.keyUsage.includes(usage));
  if (usage !== undefined) throw refused(`keyUsage ${usage} is not allowed by the profile`);
  const granted = purposeOids(profile.extendedKeyUsage);
  const purpose = readExtendedKeyUsage(extensions)?.find((purpose) => !granted.includes(purpose));
  if (purpose !== undefined) throw refused(`extKeyUsage ${purpose} is not allowed by the profile`);
  const isCa = profile.kind === "root" || profile.kind === "subordinate-ca";
  if (readBasicConstraints(extensions)?.cA === true && !isCa)
    throw refused("basicConstraints cA is not allowed by the profile");
}

function refused(reason: string): SekishoError {
  return new SekishoError("CSR_FIELD", reason);
}
