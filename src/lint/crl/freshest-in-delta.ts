import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2.6, standards H8. */
export const freshestInDelta: CrlRule = {
  names: ["sekisho.crl_freshest_in_delta"],
  text: "a delta CRL has freshestCRL",
  breaks: ({ extensions }) =>
    extensions.deltaCRLIndicator !== undefined && extensions.freshestCRL !== undefined,
};
