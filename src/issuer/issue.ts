import { bytesEqual } from "../core/bytes.js";
import { type Clock, nowSeconds } from "../core/clock.js";
import type { Config, ProfileConfig } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import { ALL, crlName } from "../crl/scope.js";
import { parseCertificate } from "../x509/certificate.js";
import { parseCertificationRequest } from "../x509/certification-request.js";
import { decodePem } from "../x509/pem.js";
import { certificateFromRequest, type IssuanceTerms } from "../x509/profile.js";
import type { Authorities, Authority } from "./authority.js";
import { type CertifyContext, certify, type Issued } from "./certify.js";
import { scopeOfNew } from "./crl-partition.js";

export interface IssueContext extends CertifyContext {
  readonly config: Config;
  readonly clock: Clock;
  readonly authorities: Authorities;
}

/**
 * Issues a certificate for a PKCS#10 request under a profile that one of the issuer's policies allows.
 * Throws ISSUER_COMPROMISED, PROFILE_REFUSED, PEM_INVALID, DER_INVALID, CSR_*, LINT_FAILED; then nothing was issued.
 */
export async function issueCertificate(
  context: IssueContext,
  authority: Authority,
  csr: string,
  profileName: string,
): Promise<Issued> {
  if (isCompromised(context, authority))
    throw new SekishoError("ISSUER_COMPROMISED", `the key of issuer ${authority.id} is compromised`);
  const { profile, policies } = allowedProfile(context.config, authority, profileName);
  if (profile.kind === "root" || profile.kind === "ocsp-responder")
    throw new SekishoError(
      "PROFILE_REFUSED",
      `profile ${profileName} is not issued on request: ca create and responder enrol do that`,
    );
  const request = parseCertificationRequest(decodePem(Buffer.from(csr, "utf8"), "CERTIFICATE REQUEST"));
  refuseCaKey(context, request.subjectPublicKeyInfo);
  return certify(context, authority, "certificate", profile.kind, request.der, (serialNumber) =>
    certificateFromRequest(request, issuanceTerms(context, authority, profile, policies, serialNumber)),
  );
}

/** True once the issuer's key is recorded as compromised. */
export function isCompromised({ status }: Pick<CertifyContext, "status">, { issuer }: Authority): boolean {
  return status.reader.issuers().some((stored) => stored.issuer === issuer && stored.compromisedSince > 0);
}

/** What the issuer decides about a certificate that one of its CAs signs. */
export function issuanceTerms(
  { config, clock }: IssueContext,
  { id, config: issuerConfig, certificate, signer }: Authority,
  profile: ProfileConfig,
  policies: readonly string[],
  serialNumber: Uint8Array,
): IssuanceTerms {
  return {
    profile,
    policies,
    issuer: certificate,
    serialNumber,
    now: nowSeconds(clock),
    signatureAlgorithm: signer.signatureAlgorithm,
    urls: publicationUrls(config, id, scopeOfNew(issuerConfig, profile.kind, serialNumber)),
  };
}

/** Where the world finds an issuer's answers, certificate and CRL (standards I8, I9). */
export function publicationUrls(config: Config, id: string, scope: number = ALL): IssuanceTerms["urls"] {
  const base = config.responder.publicUrl;
  return {
    ocsp: `${base}/ocsp`,
    caIssuers: `${base}/certs/${id}.cer`,
    crl: `${base}/crl/${crlName(id, scope)}`,
  };
}

/** The profile and the OIDs of the issuer's policies that allow it. Throws PROFILE_REFUSED. */
export function allowedProfile(
  config: Config,
  { id, config: issuer }: Authority,
  name: string,
): { profile: ProfileConfig; policies: string[] } {
  const profile = config.profiles[name];
  if (profile === undefined) throw new SekishoError("PROFILE_REFUSED", `there is no profile ${name}`);
  const policies = issuer.policies
    .map((policy) => config.policies[policy])
    .filter((policy) => policy?.profiles.includes(name))
    .map((policy) => policy?.oid as string);
  if (policies.length === 0)
    throw new SekishoError("PROFILE_REFUSED", `no policy of issuer ${id} allows profile ${name}`);
  return { profile, policies };
}

/** No CA's key gets a second certificate on request (standards I20, P27), also not that of a CA without configuration. */
function refuseCaKey({ status }: IssueContext, subjectPublicKeyInfo: Uint8Array): void {
  const isCaKey = status.reader
    .issuers()
    .some(({ certificate }) =>
      bytesEqual(parseCertificate(certificate).subjectPublicKeyInfo, subjectPublicKeyInfo),
    );
  if (isCaKey) throw new SekishoError("CSR_KEY", "the key is a CA's key");
}
