import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2.5, BR 7.2.2.1, standards H13: no second list would cover the other reasons. */
export const onlySomeReasons: CrlRule = {
  names: ["sekisho.crl_only_some_reasons"],
  text: "the list is limited to some reasons",
  breaks: ({ extensions: { issuingDistributionPoint } }) =>
    issuingDistributionPoint?.onlySomeReasons === true,
};
