import type { CrlRule } from "./rule.js";

/** RFC 5280 5.1.2.6, standards G6. */
export const revokedCertificatesEmpty: CrlRule = {
  names: [
    "e_crl_empty_revoked_certificates",
    "e_crl_revoked_certificates_field_must_be_empty",
    "pkix.crl_revoked_certificates_empty",
    "e_crl_no_empty_revoked_certificates_list",
  ],
  text: "revokedCertificates is there without an entry",
  breaks: ({ emptyRevokedCertificates }) => emptyRevokedCertificates,
};
