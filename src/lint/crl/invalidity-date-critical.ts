import type { CrlRule } from "./rule.js";

/** RFC 5280 5.3.2, standards G12. */
export const invalidityDateCritical: CrlRule = {
  names: ["sekisho.crl_invalidity_date_critical"],
  text: "an invalidityDate is critical",
  breaksEntry: (entry) => entry.invalidityDateCritical,
};
