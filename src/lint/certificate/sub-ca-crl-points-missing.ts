import { type CertificateRule, extensionOf } from "./rule.js";

/** Standards I8. */
export const subCaCrlPointsMissing: CertificateRule = {
  name: "e_sub_ca_crl_distribution_points_missing",
  text: "a subordinate CA certificate has no cRLDistributionPoints",
  breaks: (linted) =>
    linted.kind === "subordinate-ca" && extensionOf(linted, "cRLDistributionPoints") === undefined,
};
