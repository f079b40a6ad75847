import { isAcceptedAlgorithm } from "../../x509/signature.js";
import type { CertificateRule } from "./rule.js";

/** Standards I21, N3: SHA-1 and MD5 never; RSA with NULL, ECDSA without parameters. */
export const weakSignature: CertificateRule = {
  name: "e_sub_cert_or_sub_ca_using_sha1",
  text: "the signature algorithm is not RSA or ECDSA with SHA-2 in its one right encoding",
  breaks: ({ certificate }) => !isAcceptedAlgorithm(certificate.signature),
};
