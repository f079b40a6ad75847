import type { CrlRule } from "./rule.js";

/** Standards H15: indirect CRLs are read, never made. */
export const hasCertificateIssuer: CrlRule = {
  names: ["e_crl_has_no_cert_issuers"],
  text: "an entry has certificateIssuer",
  breaks: ({ entries }) => entries.certificateIssuers,
};
