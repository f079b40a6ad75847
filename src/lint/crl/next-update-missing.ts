import type { CrlRule } from "./rule.js";

/** RFC 5280 5.1.2.5, standards G4. */
export const nextUpdateMissing: CrlRule = {
  names: ["e_crl_has_next_update", "pkix.validity_period_end_value_missing"],
  text: "nextUpdate is absent",
  breaks: ({ header }) => header.nextUpdate === undefined,
};
