import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2.5, standards H9. */
export const scopeEmpty: CrlRule = {
  names: ["sekisho.crl_scope_empty"],
  text: "issuingDistributionPoint says nothing",
  breaks: ({ extensions: { issuingDistributionPoint: point } }) =>
    point !== undefined &&
    point.distributionPoint === undefined &&
    !point.onlyContainsUserCerts &&
    !point.onlyContainsCACerts &&
    !point.onlySomeReasons &&
    !point.indirectCRL &&
    !point.onlyContainsAttributeCerts,
};
