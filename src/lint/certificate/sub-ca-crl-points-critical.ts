import { type CertificateRule, extensionOf } from "./rule.js";

/** Standards I8; asked of every kind, not of subordinate CAs alone. */
export const subCaCrlPointsCritical: CertificateRule = {
  name: "e_sub_ca_crl_distribution_points_marked_critical",
  text: "cRLDistributionPoints is critical",
  breaks: (linted) => extensionOf(linted, "cRLDistributionPoints")?.critical === true,
};
