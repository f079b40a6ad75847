import type { CrlRule } from "./rule.js";

/** Standards H15: indirect CRLs are read, never made. */
export const isIndirect: CrlRule = {
  names: ["sekisho.crl_is_indirect"],
  text: "the list is an indirect CRL",
  breaks: ({ extensions: { issuingDistributionPoint } }) => issuingDistributionPoint?.indirectCRL === true,
};
