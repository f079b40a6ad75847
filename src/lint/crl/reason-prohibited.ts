import { CRL_REASON } from "../../crl/reason.js";
import type { CrlRule } from "./rule.js";

const ALLOWED: readonly number[] = [
  CRL_REASON.keyCompromise,
  CRL_REASON.affiliationChanged,
  CRL_REASON.superseded,
  CRL_REASON.cessationOfOperation,
  CRL_REASON.privilegeWithdrawn,
];

/** BR 7.2.2, standards J11; cACompromise too (R5). */
export const reasonProhibited: CrlRule = {
  names: [
    "e_cab_crl_has_valid_reason_code",
    "cabf.crl_prohibited_reason_code",
    "e_crl_acceptable_reason_codes",
  ],
  text: "a reasonCode is not one that the Baseline Requirements allow",
  profile: "cabf-br",
  breaksEntry: (entry) => entry.reasonCodePresent && !ALLOWED.includes(entry.reasonCode),
};
