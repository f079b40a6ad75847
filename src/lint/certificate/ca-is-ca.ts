import { type CertificateRule, isCa } from "./rule.js";

/** RFC 5280 4.2.1.9, standards I5. */
export const caIsCa: CertificateRule = {
  name: "e_ca_is_ca",
  text: "a CA certificate has no basicConstraints with cA",
  breaks: ({ certificate, kind }) => isCa(kind) && certificate.basicConstraints?.cA !== true,
};
