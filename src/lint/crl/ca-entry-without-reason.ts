import type { CrlRule } from "./rule.js";

/** BR 7.2.2, standards J11. */
export const caEntryWithoutReason: CrlRule = {
  names: ["sekisho.crl_ca_entry_without_reason"],
  text: "the entry of a CA certificate has no reasonCode",
  profile: "cabf-br",
  breaks: ({ entries, subjects }) => subjects === "ca" && entries.withoutReason > 0,
};
