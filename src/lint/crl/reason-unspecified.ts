import { CRL_REASON } from "../../crl/reason.js";
import type { CrlRule } from "./rule.js";

/** RFC 5280 5.3.1, standards G11: absence says the same. */
export const reasonUnspecified: CrlRule = {
  names: ["pkix.crl_unspecified_crl_entry_reason_code"],
  text: "a reasonCode is unspecified instead of absent",
  breaksEntry: (entry) => entry.reasonCodePresent && entry.reasonCode === CRL_REASON.unspecified,
};
