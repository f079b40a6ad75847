import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2.4, standards H4: a delta CRL is for a complete CRL whose number is below its own. */
export const baseNotBelowNumber: CrlRule = {
  names: ["sekisho.crl_base_not_below_number"],
  text: "BaseCRLNumber is not from 0 to the number before the delta CRL's own",
  breaks: ({ extensions: { deltaCRLIndicator: base, cRLNumber } }) =>
    base !== undefined && (base < 0n || (cRLNumber !== undefined && base >= cRLNumber)),
};
