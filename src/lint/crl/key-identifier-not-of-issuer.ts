import { bytesEqual } from "../../core/bytes.js";
import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2.1: it identifies the key that signs. */
export const keyIdentifierNotOfIssuer: CrlRule = {
  names: ["sekisho.crl_key_identifier_not_of_issuer"],
  text: "keyIdentifier is not the issuer's subjectKeyIdentifier",
  breaks: ({ extensions, issuer }) => {
    const keyIdentifier = extensions.authorityKeyIdentifier?.keyIdentifier;
    if (keyIdentifier === undefined) return false;
    return (
      issuer.subjectKeyIdentifier === undefined || !bytesEqual(keyIdentifier, issuer.subjectKeyIdentifier)
    );
  },
};
