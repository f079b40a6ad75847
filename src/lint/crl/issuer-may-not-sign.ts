import type { CrlRule } from "./rule.js";

/** RFC 5280 4.2.1.3, standards G14. */
export const issuerMayNotSign: CrlRule = {
  names: ["sekisho.crl_issuer_may_not_sign"],
  text: "the issuer's certificate has no cRLSign",
  breaks: ({ issuer }) => issuer.keyUsage?.has("cRLSign") !== true,
};
