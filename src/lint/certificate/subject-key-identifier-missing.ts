import { type CertificateRule, isCa } from "./rule.js";

/** RFC 5280 4.2.1.2, standards I6. */
export const subjectKeyIdentifierMissing: CertificateRule = {
  name: "e_ext_subject_key_identifier_missing_ca",
  text: "a CA certificate has no subjectKeyIdentifier",
  breaks: ({ certificate, kind }) => isCa(kind) && certificate.subjectKeyIdentifier === undefined,
};
