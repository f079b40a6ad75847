import type { IssuerConfig } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import { reasonName } from "../crl/reason.js";
import type { StatusChange } from "./change-status.js";

/** Reasons in the Baseline Requirements' table; 0 is left out of the entry (standards J11). */
const BASELINE_REASONS: readonly number[] = [0, 1, 3, 4, 5, 9];

/** Throws REASON_INVALID for a hold or a reason that the issuer's rule profile forbids (standards J9, J11, R5). */
export function assertAllowed({ ruleProfile }: IssuerConfig, change: StatusChange): void {
  if (ruleProfile === "pkix" || change.act === "release") return;
  if (change.act === "hold")
    throw new SekishoError("REASON_INVALID", 'rule_profile "cabf-br" forbids certificateHold');
  if (!BASELINE_REASONS.includes(change.reason))
    throw new SekishoError("REASON_INVALID", `rule_profile "cabf-br" forbids ${reasonName(change.reason)}`);
}
