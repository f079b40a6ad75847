import { type CertificateRule, extensionOf } from "./rule.js";

/** Standards C6. */
export const ocspCrlPoints: CertificateRule = {
  name: "e_ocsp_cert_cdp_forbidden",
  text: "an OCSP responder's certificate has cRLDistributionPoints",
  breaks: (linted) =>
    linted.kind === "ocsp-responder" && extensionOf(linted, "cRLDistributionPoints") !== undefined,
};
