import { type CertificateRule, isCa } from "./rule.js";

/** RFC 5280 4.2.1.3, 4.2.1.9. */
export const certSignWithoutCa: CertificateRule = {
  name: "e_ext_key_usage_cert_sign_without_ca",
  text: "keyCertSign or cRLSign stands in a certificate that is no CA's",
  breaks: ({ certificate, kind }) =>
    !isCa(kind) &&
    (certificate.keyUsage?.has("keyCertSign") === true || certificate.keyUsage?.has("cRLSign") === true),
};
