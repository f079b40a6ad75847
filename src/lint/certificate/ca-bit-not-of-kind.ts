import { type CertificateRule, isCa } from "./rule.js";

/** RFC 5280 4.2.1.9. */
export const caBitNotOfKind: CertificateRule = {
  name: "sekisho.basic_constraints_ca_not_of_kind",
  text: "basicConstraints has cA in a certificate that is no CA's",
  breaks: ({ certificate, kind }) => !isCa(kind) && certificate.basicConstraints?.cA === true,
};
