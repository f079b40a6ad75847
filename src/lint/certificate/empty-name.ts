import type { CertificateRule } from "./rule.js";

/** RFC 5280 4.1.2.4, 4.1.2.6: an empty SEQUENCE has two octets. */
export const emptyName: CertificateRule = {
  name: "pkix.name_empty",
  text: "the subject or issuer name is empty",
  breaks: ({ certificate }) => certificate.issuerName.length <= 2 || certificate.subjectName.length <= 2,
};
