import { type CertificateRule, extensionOf } from "./rule.js";

/** BR 7.1.2.8.7, standards C5. */
export const ocspKeyUsage: CertificateRule = {
  name: "e_ocsp_cert_invalid_ku",
  text: "keyUsage of an OCSP responder is not critical digitalSignature alone",
  breaks: (linted) => {
    if (linted.kind !== "ocsp-responder") return false;
    const { keyUsage } = linted.certificate;
    const isExact = keyUsage?.size === 1 && keyUsage.has("digitalSignature");
    return !isExact || extensionOf(linted, "keyUsage")?.critical !== true;
  },
};
