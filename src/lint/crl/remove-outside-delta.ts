import { CRL_REASON } from "../../crl/reason.js";
import type { CrlRule } from "./rule.js";

/** RFC 5280 5.3.1, standards G11. */
export const removeOutsideDelta: CrlRule = {
  names: ["sekisho.crl_remove_from_crl_outside_delta"],
  text: "a reasonCode is removeFromCRL in a complete CRL",
  breaks: ({ entries, extensions }) =>
    extensions.deltaCRLIndicator === undefined && entries.reasonCounts[CRL_REASON.removeFromCRL] !== 0,
};
