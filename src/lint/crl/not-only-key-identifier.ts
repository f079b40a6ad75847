import type { CrlRule } from "./rule.js";

/** BR 7.2.2, standards G7. */
export const notOnlyKeyIdentifier: CrlRule = {
  names: ["e_crl_auth_key_id_only_contains_keyid"],
  text: "authorityKeyIdentifier has more than keyIdentifier",
  breaks: ({ extensions: { authorityKeyIdentifier } }) =>
    authorityKeyIdentifier?.authorityCertIssuer === true ||
    authorityKeyIdentifier?.authorityCertSerialNumber === true,
};
