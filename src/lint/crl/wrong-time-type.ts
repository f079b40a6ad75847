import type { CrlRule } from "./rule.js";

/** RFC 5280 5.1.2.4 to 5.1.2.6, standards G4. */
export const wrongTimeType: CrlRule = {
  names: ["pkix.wrong_time_useful_type", "e_crl_has_valid_timestamps"],
  text: "a time through 2049 is a GeneralizedTime",
  breaks: ({ header }) => header.wrongTimeType,
  breaksEntry: (entry) => entry.revocationDateWrongType,
};
