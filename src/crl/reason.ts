import { SekishoError } from "../core/errors.js";

/** CRLReason by its names in RFC 5280 5.3.1; 7 is not used there. */
export const CRL_REASON = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  removeFromCRL: 8,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const;

export type CrlReasonName = keyof typeof CRL_REASON;

/** The largest number CRLReason has. */
export const MAX_REASON = 10;

const NAMES: readonly (string | undefined)[] = Array.from({ length: MAX_REASON + 1 }, (_, number) =>
  Object.keys(CRL_REASON).find((name) => CRL_REASON[name as CrlReasonName] === number),
);

/** Reasons of a final revocation. certificateHold has its own command, removeFromCRL exists only in delta CRLs. */
export const REVOKE_REASONS: readonly CrlReasonName[] = (Object.keys(CRL_REASON) as CrlReasonName[]).filter(
  (name) => name !== "certificateHold" && name !== "removeFromCRL",
);

/**
 * Number of a reason that an operator may give for a final revocation; `unspecified` (0) is left out of the CRL (G11).
 * Throws SekishoError REASON_INVALID.
 */
export function parseRevokeReason(text: string): number {
  const name = REVOKE_REASONS.find((candidate) => candidate === text);
  if (name !== undefined) return CRL_REASON[name];
  if (text === "certificateHold")
    throw new SekishoError("REASON_INVALID", "certificateHold is given by `cert hold`, not by a revocation");
  throw new SekishoError("REASON_INVALID", `the reason is one of ${REVOKE_REASONS.join(", ")}`);
}

/** RFC 5280 spelling of a reason number; `unassigned(n)` for numbers that have no name. */
export function reasonName(reason: number): string {
  return NAMES[reason] ?? `unassigned(${reason})`;
}
