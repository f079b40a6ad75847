import { bytesEqual } from "../../core/bytes.js";
import type { CertificateRule } from "./rule.js";

/** RFC 5280 4.1.2.4, standards I4. */
export const issuerName: CertificateRule = {
  name: "sekisho.issuer_name_not_of_issuer",
  text: "the issuer name is not the issuer certificate's subject, byte for byte",
  breaks: ({ certificate, issuer }) => !bytesEqual(certificate.issuerName, issuer.subjectName),
};
