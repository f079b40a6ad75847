import type { CertificateRule } from "./rule.js";

/** BR 7.1.2.8.7, standards O10. */
export const ocspProhibitedKeyUsage: CertificateRule = {
  name: "cabf.serverauth.ocsp_responder.prohibited_ku_present",
  text: "keyUsage of an OCSP responder has more than digitalSignature",
  breaks: ({ certificate, kind }) =>
    kind === "ocsp-responder" &&
    [...(certificate.keyUsage ?? [])].some((usage) => usage !== "digitalSignature"),
};
