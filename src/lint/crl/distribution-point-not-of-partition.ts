import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2.5, standards H10, H12, K9: the URL in the certificates, byte for byte, and no other. */
export const distributionPointNotOfPartition: CrlRule = {
  names: ["sekisho.crl_distribution_point_not_of_partition"],
  text: "the distribution point is not the partition's URL",
  breaks: ({ extensions: { issuingDistributionPoint }, partition }) => {
    const uris = issuingDistributionPoint?.distributionPoint?.uris;
    return typeof partition === "string" && uris !== undefined && uris.some((uri) => uri !== partition);
  },
};
