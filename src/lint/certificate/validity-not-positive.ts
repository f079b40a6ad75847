import type { CertificateRule } from "./rule.js";

/** RFC 5280 4.1.2.5. */
export const validityNotPositive: CertificateRule = {
  name: "e_validity_time_not_positive",
  text: "notAfter lies before notBefore",
  breaks: ({ certificate }) => certificate.notAfter < certificate.notBefore,
};
