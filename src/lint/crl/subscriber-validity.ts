import type { CrlRule } from "./rule.js";
import { DAY, validitySeconds } from "./validity.js";

/** BR 7.2, standards J2, K1, O12: 10 days, of which the second of nextUpdate is the last. */
export const subscriberValidity: CrlRule = {
  names: ["e_crl_next_update_invalid", "cabf.crl_invalid_validity_period", "e_crl_validity_period"],
  text: "the list is valid for more than 10 days",
  profile: "cabf-br",
  breaks: ({ header, subjects }) => subjects === "subscriber" && validitySeconds(header) > 10 * DAY,
};
