import { encode, encoded, sequence } from "../asn1/writer.js";
import { isMalformed, type OcspRequest, parseOcspRequest } from "../ocsp/request.js";
import type { ErrorStatus } from "../ocsp/response.js";
import type { StatusReader } from "../store/status-reader.js";
import { breaksNonceRule } from "./policy.js";
import type { Trust } from "./trust.js";

/**
 * What a request costs and is worth (invariant 9), in the order of service: `known` asks about issued certificates and
 * its answer can be kept; `nonce` wants a signature of its own; `unknown` asks about a serial that nobody issued. Last
 * comes `refresh`, a kept answer that is signed anew ahead of time and that no client waits for.
 */
export const REQUEST_CLASSES = ["known", "nonce", "unknown", "refresh"] as const;
export type RequestClass = (typeof REQUEST_CLASSES)[number];

export type Admission =
  | { readonly refused: ErrorStatus & ("malformedRequest" | "unauthorized" | "sigRequired") }
  | {
      readonly refused: undefined;
      readonly class: Exclude<RequestClass, "refresh">;
      /** The same question without nonce and extensions: its kept answer serves when a nonce cannot be signed. */
      readonly plain: () => Uint8Array;
    };

/**
 * Judges a request before it reaches a worker: what needs no signature never waits for one. The row is looked up
 * without refreshing the snapshot; it decides only the class, the worker decides the answer. `position` is the journal
 * position up to which the front end has caught up.
 */
export function admit(
  request: Uint8Array,
  trust: Trust,
  status: StatusReader,
  position: number,
  maxCertIDs: number,
): Admission {
  let parsed: OcspRequest;
  try {
    parsed = parseOcspRequest(request, maxCertIDs);
  } catch (error) {
    if (isMalformed(error)) return { refused: "malformedRequest" };
    throw error;
  }
  const { certIDs, hasNonce, signature } = parsed;
  trust.refreshAt(position);
  const issuer = trust.authority(certIDs[0]?.issuerKey);
  if (issuer === undefined || certIDs.some(({ issuerKey }) => trust.authority(issuerKey) !== issuer))
    return { refused: "unauthorized" };
  if (breaksNonceRule(issuer.policy, parsed)) return { refused: "malformedRequest" };
  if (issuer.policy.requestors !== undefined && signature === undefined) return { refused: "sigRequired" };
  const isKnown = certIDs.every(
    ({ issuerKey, serial }) =>
      serial !== undefined &&
      trust.issuer(issuerKey) === issuer &&
      status.row(issuer.issuer, serial) !== undefined,
  );
  return {
    refused: undefined,
    class: isKnown ? (hasNonce ? "nonce" : "known") : "unknown",
    plain: () =>
      encode(sequence(sequence(sequence(...certIDs.map(({ encoded: id }) => sequence(encoded(id))))))),
  };
}
