import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2.5, standards H12: without it a partition would say of every other certificate that it is not revoked. */
export const distributionPointMissing: CrlRule = {
  names: ["e_crl_has_idp"],
  text: "a partition has no issuingDistributionPoint with a distribution point",
  breaks: ({ extensions: { issuingDistributionPoint }, partition }) =>
    typeof partition === "string" && issuingDistributionPoint?.distributionPoint === undefined,
};
