import type { Config, IssuerConfig } from "../core/config.js";
import { CRL_REASON } from "../crl/reason.js";
import type { OcspRequest } from "../ocsp/request.js";
import type { CertStatus } from "../ocsp/response.js";
import { archiveCutoffExtension, crlReferenceExtension } from "../ocsp/response-extensions.js";
import type { StatusRow } from "../store/layout.js";
import type { StoredIssuer } from "../store/status-reader.js";
import type { Certificate } from "../x509/certificate.js";

/** What an issuer's configuration says of the answers about its certificates. */
export interface OcspPolicy {
  readonly nonce: IssuerConfig["ocsp"]["nonce"];
  readonly unknownCertificate: IssuerConfig["ocsp"]["unknownCertificate"];
  /** Ids of the issuers whose certificate holders may ask; undefined: anybody may, and signatures are ignored (A8, A9). */
  readonly requestors: readonly string[] | undefined;
  /** Longest nonce that is echoed, in octets; a longer one is ignored. */
  readonly maxNonce: number;
  /** archiveCutoff in every SingleResponse: seconds before producedAt, or a fixed time; unix seconds. */
  readonly archiveCutoff: { readonly retention: number } | { readonly since: number } | undefined;
  /** singleExtensions of answers about revoked certificates. */
  readonly whenRevoked: readonly Uint8Array[];
  /** Unix seconds since when the issuer's key is compromised; 0 while it is not. */
  readonly compromisedSince: number;
}

/** RFC 9654; the Baseline Requirements still name RFC 8954 (standards D3). */
const MAX_NONCE = { pkix: 128, "cabf-br": 32 } as const;

export function ocspPolicy(
  config: Config,
  { id, compromisedSince }: StoredIssuer,
  certificate: Certificate,
): OcspPolicy {
  const { ocsp, ruleProfile } = config.issuers[id] as IssuerConfig;
  const { nonce, unknownCertificate, requestors, archiveCutoff, crlReferences } = ocsp;
  return {
    nonce,
    unknownCertificate,
    requestors,
    maxNonce: MAX_NONCE[ruleProfile],
    archiveCutoff:
      archiveCutoff === undefined
        ? undefined
        : archiveCutoff === "issuer"
          ? { since: certificate.notBefore }
          : { retention: archiveCutoff },
    compromisedSince,
    whenRevoked: crlReferences ? [crlReferenceExtension(`${config.responder.publicUrl}/crl/${id}.crl`)] : [],
  };
}

/** True if the request has a nonce that is forbidden, or lacks one that is required: it is malformed. */
export function breaksNonceRule({ nonce }: OcspPolicy, { hasNonce }: OcspRequest): boolean {
  return (nonce === "required" && !hasNonce) || (nonce === "forbidden" && hasNonce);
}

/** The nonce of the answer, undefined for none. */
export function echoedNonce(policy: OcspPolicy, { nonce }: OcspRequest): Uint8Array | undefined {
  if (policy.nonce === "ignore" || nonce === undefined) return undefined;
  return nonce.length <= policy.maxNonce ? nonce : undefined;
}

const NON_ISSUED: CertStatus = { kind: "revoked", revocationTime: 0, reason: CRL_REASON.certificateHold };

/**
 * Good only for issued serials (invariant 4); a certificate on hold is revoked with reason certificateHold. Once the
 * issuer's key is compromised, all that was not revoked before is revoked with cACompromise (RFC 6960 2.7, standards B15).
 */
export function certStatus(policy: OcspPolicy, row: StatusRow | undefined): CertStatus {
  const { unknownCertificate, compromisedSince } = policy;
  if (row === undefined) return unknownCertificate === "extended-revoked" ? NON_ISSUED : { kind: "unknown" };
  if (compromisedSince > 0 && row.state !== "revoked")
    return { kind: "revoked", revocationTime: compromisedSince, reason: CRL_REASON.cACompromise };
  if (row.state === "good") return { kind: "good" };
  return { kind: "revoked", revocationTime: row.revocationTime, reason: row.reason };
}

/** Extension elements of a SingleResponse about an issued certificate, or about none with `row` undefined. */
export function singleExtensions(
  { archiveCutoff, whenRevoked }: OcspPolicy,
  row: StatusRow | undefined,
  producedAt: number,
): readonly Uint8Array[] {
  const revoked = row === undefined || row.state === "good" ? NONE : whenRevoked;
  if (archiveCutoff === undefined) return revoked;
  const cutoff = "since" in archiveCutoff ? archiveCutoff.since : producedAt - archiveCutoff.retention;
  return [archiveCutoffExtension(Math.max(0, cutoff)), ...revoked];
}

const NONE: readonly Uint8Array[] = [];
