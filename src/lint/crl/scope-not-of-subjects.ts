import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2.5, standards H11: a list limited to the other kind of certificates says nothing about its own. */
export const scopeNotOfSubjects: CrlRule = {
  names: ["sekisho.crl_scope_not_of_subjects"],
  text: "the list is limited to certificates that it is not for",
  breaks: ({ extensions: { issuingDistributionPoint: point }, subjects }) =>
    subjects === "ca" ? point?.onlyContainsUserCerts === true : point?.onlyContainsCACerts === true,
};
