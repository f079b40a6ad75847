import type { CrlRule } from "./rule.js";

/** RFC 5280 5.3.2, standards G12: it is known or suspected, so it lies in the past. */
export const invalidityDateAfterThisUpdate: CrlRule = {
  names: ["sekisho.crl_invalidity_date_after_this_update"],
  text: "an invalidityDate is after thisUpdate",
  breaksEntry: (entry, header) => entry.invalidityDate > header.thisUpdate,
};
