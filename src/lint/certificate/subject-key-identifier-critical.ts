import { type CertificateRule, extensionOf } from "./rule.js";

/** RFC 5280 4.2.1.2, standards I6. */
export const subjectKeyIdentifierCritical: CertificateRule = {
  name: "e_ext_subject_key_identifier_critical",
  text: "subjectKeyIdentifier is critical",
  breaks: (linted) => extensionOf(linted, "subjectKeyIdentifier")?.critical === true,
};
