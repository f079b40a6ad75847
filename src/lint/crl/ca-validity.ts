import type { CrlRule } from "./rule.js";
import { DAY, validitySeconds } from "./validity.js";

/** BR 7.2, standards J3. */
export const caValidity: CrlRule = {
  names: ["cabf.arl_invalid_validity_period"],
  text: "the list of CA certificates is valid for more than 365 days",
  profile: "cabf-br",
  breaks: ({ header, subjects }) => subjects === "ca" && validitySeconds(header) > 365 * DAY,
};
