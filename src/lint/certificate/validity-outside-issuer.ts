import type { CertificateRule } from "./rule.js";

/** Standards I12: no certificate outlives what its CA can maintain. */
export const validityOutsideIssuer: CertificateRule = {
  name: "sekisho.validity_outside_issuers",
  text: "the validity is not inside the issuer's",
  breaks: ({ certificate, issuer }) =>
    certificate.notBefore < issuer.notBefore || certificate.notAfter > issuer.notAfter,
};
