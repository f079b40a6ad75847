import { bytesEqual } from "../../core/bytes.js";
import type { CrlRule } from "./rule.js";

/** Standards G3. */
export const issuerNameNotOfIssuer: CrlRule = {
  names: ["sekisho.crl_issuer_name_not_of_issuer"],
  text: "the issuer is not byte for byte the subject of the CA certificate",
  breaks: ({ header, issuer }) => !bytesEqual(header.issuerName, issuer.subjectName),
};
