import type { CrlRule } from "./rule.js";

/** RFC 5280 5.3.1, standards G11. */
export const reasonCritical: CrlRule = {
  names: [
    "pkix.crl_reason_code_extension_critical",
    "e_cab_crl_reason_code_not_critical",
    "e_crl_no_critical_reason_codes",
  ],
  text: "a reasonCode is critical",
  breaksEntry: (entry) => entry.reasonCodeCritical,
};
