import type { CertificateRule } from "./rule.js";

/** BR 7.1.2.8.2, standards O10. */
export const ocspCaBit: CertificateRule = {
  name: "cabf.serverauth.ocsp_responder.basic_constraints_ca_bit_set",
  text: "basicConstraints of an OCSP responder has cA",
  breaks: ({ certificate, kind }) => kind === "ocsp-responder" && certificate.basicConstraints?.cA === true,
};
