import type { CrlRule } from "./rule.js";

/** RFC 5280 4.2, standards G13. */
export const duplicateExtension: CrlRule = {
  names: ["e_crl_no_duplicate_extensions", "pkix.duplicate_extension"],
  text: "an extension stands twice",
  breaks: ({ extensions }) => extensions.duplicates,
};
