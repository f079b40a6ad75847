import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2.5, standards H9. */
export const scopeContradictory: CrlRule = {
  names: ["sekisho.crl_scope_contradictory"],
  text: "issuingDistributionPoint limits the list to two kinds of certificates or to attribute certificates",
  breaks: ({ extensions: { issuingDistributionPoint: point } }) =>
    point !== undefined &&
    ((point.onlyContainsUserCerts && point.onlyContainsCACerts) || point.onlyContainsAttributeCerts),
};
