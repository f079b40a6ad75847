import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2.1, standards G7. */
export const keyIdentifierMissing: CrlRule = {
  names: ["pkix.authority_key_identifier_keyid_missing"],
  text: "authorityKeyIdentifier has no keyIdentifier",
  breaks: ({ extensions: { authorityKeyIdentifier } }) =>
    authorityKeyIdentifier !== undefined && authorityKeyIdentifier.keyIdentifier === undefined,
};
