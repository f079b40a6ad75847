import type { CrlRule } from "./rule.js";

/** RFC 5280 5.1.2.5. */
export const validityNotPositive: CrlRule = {
  names: ["pkix.crl_negative_validity_period"],
  text: "nextUpdate is not after thisUpdate",
  breaks: ({ header: { thisUpdate, nextUpdate } }) => nextUpdate !== undefined && nextUpdate <= thisUpdate,
};
