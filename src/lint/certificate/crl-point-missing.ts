import { type CertificateRule, extensionOf } from "./rule.js";

/** Standards I8. */
export const crlPointMissing: CertificateRule = {
  name: "e_missing_crl_distrib_point",
  text: "the certificate points to no CRL",
  breaks: (linted) =>
    linted.kind === "end-entity" && extensionOf(linted, "cRLDistributionPoints") === undefined,
};
