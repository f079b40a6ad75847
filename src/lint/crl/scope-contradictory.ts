import type { CrlRule } from "./rule.js";

const EMPTY_SEQUENCE_LENGTH = 2;

/** RFC 5280 5.2.5, standards H9. */
export const scopeContradictory: CrlRule = {
  names: ["sekisho.crl_scope_contradictory"],
  text: "issuingDistributionPoint is empty, or limits the list to two kinds of certificates or to attribute certificates",
  breaks: ({ extensions: { issuingDistributionPoint: point } }) => {
    if (point === undefined) return false;
    const kinds = [point.onlyContainsUserCerts, point.onlyContainsCACerts].filter(Boolean).length;
    return point.der.length === EMPTY_SEQUENCE_LENGTH || kinds > 1 || point.onlyContainsAttributeCerts;
  },
};
