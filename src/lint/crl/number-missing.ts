import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2.3, standards G7. */
export const numberMissing: CrlRule = {
  names: ["e_crl_missing_crl_number", "pkix.crl_number_missing", "e_crl_has_number"],
  text: "cRLNumber is absent",
  breaks: ({ extensions }) => extensions.cRLNumber === undefined,
};
