import { type CertificateRule, extensionOf } from "./rule.js";

/** Standards I8. */
export const rootCrlPoints: CertificateRule = {
  name: "sekisho.root_has_crl_distribution_points",
  text: "a root certificate has cRLDistributionPoints",
  breaks: (linted) => linted.kind === "root" && extensionOf(linted, "cRLDistributionPoints") !== undefined,
};
