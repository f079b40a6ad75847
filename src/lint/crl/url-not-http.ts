import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2.5, 5.2.6; standards G15, H12. */
export const urlNotHttp: CrlRule = {
  names: ["pkix.invalid_uri_syntax"],
  text: "a distribution point is not a list of http URLs alone",
  breaks: ({ extensions: { issuingDistributionPoint, freshestCRL } }) =>
    [issuingDistributionPoint?.distributionPoint, freshestCRL].some(
      (names) =>
        names !== undefined && (names.others || names.uris.length === 0 || !names.uris.every(isHttp)),
    ),
};

function isHttp(uri: string): boolean {
  return /^http:\/\/[\x21-\x7e]+$/.test(uri) && URL.canParse(uri);
}
