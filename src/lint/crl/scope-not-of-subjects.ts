import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2.5, standards H11: such a list says nothing about the certificates that it is for. */
export const scopeNotOfSubjects: CrlRule = {
  names: ["sekisho.crl_scope_not_of_subjects"],
  text: "a list for subscribers is limited to CA certificates",
  breaks: ({ extensions: { issuingDistributionPoint }, subjects }) =>
    subjects === "subscriber" && issuingDistributionPoint?.onlyContainsCACerts === true,
};
