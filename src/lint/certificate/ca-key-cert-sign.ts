import { type CertificateRule, isCa } from "./rule.js";

/** RFC 5280 4.2.1.3, standards I5. */
export const caKeyCertSign: CertificateRule = {
  name: "e_ca_key_cert_sign_not_set",
  text: "a CA certificate's keyUsage lacks keyCertSign",
  breaks: ({ certificate, kind }) => isCa(kind) && certificate.keyUsage?.has("keyCertSign") !== true,
};
