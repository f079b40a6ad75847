import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2.4, standards H1: relying parties tell a delta CRL from a complete one by deltaCRLIndicator alone. */
export const kindNotAsMeant: CrlRule = {
  names: ["sekisho.crl_kind_not_as_meant"],
  text: "deltaCRLIndicator is there in a complete CRL, or absent from a delta CRL",
  breaks: ({ extensions, kind }) =>
    kind !== undefined && (kind === "delta") !== (extensions.deltaCRLIndicator !== undefined),
};
