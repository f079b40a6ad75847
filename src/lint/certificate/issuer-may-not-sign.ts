import type { CertificateRule } from "./rule.js";

/** RFC 5280 4.2.1.3, 4.2.1.9. */
export const issuerMayNotSign: CertificateRule = {
  name: "sekisho.issuer_may_not_sign_certificates",
  text: "the issuer's certificate is no CA's, or its keyUsage lacks keyCertSign",
  breaks: ({ issuer }) =>
    issuer.basicConstraints?.cA !== true || issuer.keyUsage?.has("keyCertSign") !== true,
};
