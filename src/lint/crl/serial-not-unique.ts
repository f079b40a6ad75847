import type { CrlRule } from "./rule.js";

/** Standards G13. In ascending order duplicates are neighbours; a list in another order breaks a rule of its own. */
export const serialNotUnique: CrlRule = {
  names: ["e_crl_unique_revoked_certificate"],
  text: "a serial number stands twice",
  breaks: ({ entries }) => entries.neighbourDuplicates,
};
