import type { CrlRule } from "./rule.js";

/** DESIGN 4.5: publication merges lists in the order of serials. */
export const serialsNotAscending: CrlRule = {
  names: ["sekisho.crl_serials_not_ascending"],
  text: "the entries are not in ascending order of serial numbers",
  breaks: ({ entries }) => !entries.ascending,
};
