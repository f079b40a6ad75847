import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2.3, standards G8. */
export const numberOutOfRange: CrlRule = {
  names: ["e_crl_number_out_of_range", "pkix.crl_number_out_of_range"],
  text: "cRLNumber is not from 0 to 2^159 - 1",
  breaks: ({ extensions: { cRLNumber } }) =>
    cRLNumber !== undefined && (cRLNumber < 0n || cRLNumber >= 2n ** 159n),
};
