import { algorithmFitsKey } from "../../x509/signature.js";
import type { CertificateRule } from "./rule.js";

/** Standards I2, I21: found before the key makes a signature that nobody could verify. */
export const signatureNotOfIssuerKey: CertificateRule = {
  name: "sekisho.signature_algorithm_not_of_issuer_key",
  text: "the signature algorithm does not belong to the issuer's key",
  breaks: ({ certificate, issuer }) => !algorithmFitsKey(certificate.signature, issuer.subjectPublicKeyInfo),
};
