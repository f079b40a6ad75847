import type { CrlRule } from "./rule.js";

/** RFC 5280 5.3.1, standards G11. */
export const reasonUnknown: CrlRule = {
  names: ["e_crl_has_valid_reason_code"],
  text: "a reasonCode is 7 or above 10",
  breaks: ({ entries }) => entries.unknownReasons > 0 || entries.reasonCounts[7] !== 0,
};
