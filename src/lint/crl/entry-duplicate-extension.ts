import type { CrlRule } from "./rule.js";

/** RFC 5280 4.2, standards G13. */
export const entryDuplicateExtension: CrlRule = {
  names: ["e_crl_revoked_certificate_crl_entry_has_no_duplicate_extensions"],
  text: "an entry has an extension twice",
  breaks: ({ entries }) => entries.duplicateExtensions,
};
