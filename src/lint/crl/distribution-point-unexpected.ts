import type { CrlRule } from "./rule.js";

/** Standards H16: a list of all certificates names no place, so that it counts wherever it was fetched. */
export const distributionPointUnexpected: CrlRule = {
  names: ["sekisho.crl_distribution_point_unexpected"],
  text: "a list that is no partition names a distribution point",
  breaks: ({ extensions: { issuingDistributionPoint }, partition }) =>
    partition === null && issuingDistributionPoint?.distributionPoint !== undefined,
};
