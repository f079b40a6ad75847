import { algorithmFitsKey } from "../../x509/signature.js";
import type { CrlRule } from "./rule.js";

/** Standards I20, I21: the algorithm is an accepted one and belongs to the issuer's key. */
export const signatureNotOfIssuerKey: CrlRule = {
  names: ["sekisho.crl_signature_not_of_issuer_key"],
  text: "the signature algorithm is weak or not one of the issuer's key",
  breaks: ({ header, issuer }) => !algorithmFitsKey(header.signature, issuer.subjectPublicKeyInfo),
};
