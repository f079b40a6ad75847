import type { Clock } from "../core/clock.js";
import { nowSeconds } from "../core/clock.js";
import type { Config, ProfileConfig } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import { parseCertificationRequest } from "../x509/certification-request.js";
import { decodePem } from "../x509/pem.js";
import { certificateFromRequest, type IssuanceTerms } from "../x509/profile.js";
import type { Authorities, Authority } from "./authority.js";
import { type CertifyContext, certify, type Issued } from "./certify.js";

export interface IssueContext extends CertifyContext {
  readonly config: Config;
  readonly clock: Clock;
  readonly authorities: Authorities;
}

/**
 * Issues a certificate for a PKCS#10 request under a profile that one of the issuer's policies allows.
 * Throws PROFILE_REFUSED, PEM_INVALID, DER_INVALID, CSR_*, LINT_FAILED; then nothing was issued.
 */
export function issueCertificate(
  context: IssueContext,
  authority: Authority,
  csr: string,
  profileName: string,
): Promise<Issued> {
  const { profile, policies } = allowedProfile(context.config, authority, profileName);
  const request = parseCertificationRequest(decodePem(Buffer.from(csr, "utf8"), "CERTIFICATE REQUEST"));
  refuseUsedKey(context, request.subjectPublicKeyInfo, request.subjectName);
  return certify(context, authority, "certificate", profile.kind, request.der, (serialNumber) =>
    certificateFromRequest(request, issuanceTerms(context, authority, profile, policies, serialNumber)),
  );
}

/** What the issuer decides about a certificate that one of its CAs signs. */
export function issuanceTerms(
  { config, clock }: IssueContext,
  { id, certificate, signer }: Authority,
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
    urls: publicationUrls(config, id),
  };
}

/** Where the world finds an issuer's answers, certificate and CRL (standards I8, I9). */
export function publicationUrls(config: Config, id: string): IssuanceTerms["urls"] {
  const base = config.responder.publicUrl;
  return { ocsp: `${base}/ocsp`, caIssuers: `${base}/certs/${id}.cer`, crl: `${base}/crl/${id}.crl` };
}

/** The profile and the OIDs of the issuer's policies that allow it. */
function allowedProfile(
  config: Config,
  { id, config: issuer }: Authority,
  name: string,
): { profile: ProfileConfig; policies: string[] } {
  const profile = config.profiles[name];
  if (profile === undefined) throw new SekishoError("PROFILE_REFUSED", `there is no profile ${name}`);
  if (profile.kind === "root" || profile.kind === "ocsp-responder")
    throw new SekishoError(
      "PROFILE_REFUSED",
      `profile ${name} is not issued on request: ca create and responder enrol do that`,
    );
  const policies = issuer.policies
    .map((policy) => config.policies[policy])
    .filter((policy) => policy?.profiles.includes(name))
    .map((policy) => policy?.oid as string);
  if (policies.length === 0)
    throw new SekishoError("PROFILE_REFUSED", `no policy of issuer ${id} allows profile ${name}`);
  return { profile, policies };
}

/** A key serves one subject, and never a CA's key under another name (standards I20, P27). */
function refuseUsedKey(
  { ca, authorities }: IssueContext,
  subjectPublicKeyInfo: Uint8Array,
  subjectName: Uint8Array,
): void {
  const isCaKey = authorities
    .all()
    .some(({ certificate }) => Buffer.compare(certificate.subjectPublicKeyInfo, subjectPublicKeyInfo) === 0);
  if (isCaKey) throw new SekishoError("CSR_KEY", "the key is a CA's key");
  if (ca.keyBelongsToAnother(subjectPublicKeyInfo, subjectName))
    throw new SekishoError("CSR_KEY", "the key was certified for another subject already");
}
