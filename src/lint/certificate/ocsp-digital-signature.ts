import type { CertificateRule } from "./rule.js";

/** BR 7.1.2.8.7, standards O10. */
export const ocspDigitalSignature: CertificateRule = {
  name: "cabf.serverauth.ocsp_responder.digitalsignature_bit_missing",
  text: "keyUsage of an OCSP responder lacks digitalSignature",
  breaks: ({ certificate, kind }) =>
    kind === "ocsp-responder" && certificate.keyUsage?.has("digitalSignature") !== true,
};
