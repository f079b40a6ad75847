import type { CrlRule } from "./rule.js";

/** Standards G13. */
export const revocationAfterThisUpdate: CrlRule = {
  names: ["e_crl_revocation_time_after_this_update"],
  text: "a revocationDate is after thisUpdate",
  breaksEntry: (entry, header) => entry.revocationDate > header.thisUpdate,
};
