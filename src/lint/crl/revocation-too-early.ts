import type { CrlRule } from "./rule.js";

const YEAR_1999 = Date.UTC(1999, 0, 1) / 1000;

/** Standards O4. */
export const revocationTooEarly: CrlRule = {
  names: ["e_crl_revocation_date_too_early"],
  text: "a revocationDate is before 1999",
  breaksEntry: (entry) => entry.revocationDate < YEAR_1999,
};
