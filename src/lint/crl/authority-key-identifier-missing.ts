import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2.1, standards G7. */
export const authorityKeyIdentifierMissing: CrlRule = {
  names: ["e_crl_has_authority_key_identifier", "pkix.authority_key_identifier_missing", "e_crl_has_aki"],
  text: "authorityKeyIdentifier is absent",
  breaks: ({ extensions }) => extensions.authorityKeyIdentifier === undefined,
};
