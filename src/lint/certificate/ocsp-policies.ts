import { type CertificateRule, extensionOf } from "./rule.js";

/** Standards C6, R4. */
export const ocspPolicies: CertificateRule = {
  name: "e_ocsp_cert_cp_forbidden",
  text: "an OCSP responder's certificate has certificatePolicies",
  breaks: (linted) =>
    linted.kind === "ocsp-responder" && extensionOf(linted, "certificatePolicies") !== undefined,
};
