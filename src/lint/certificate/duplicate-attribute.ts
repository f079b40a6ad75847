import { Name } from "@peculiar/asn1-x509";
import { parseStrictly } from "../../x509/strict.js";
import type { CertificateRule } from "./rule.js";

/** X.501 9.3. */
export const duplicateAttribute: CertificateRule = {
  name: "pkix.rdn_contains_duplicate_attribute_types",
  text: "a relative distinguished name has an attribute type twice",
  breaks: ({ certificate }) =>
    parseStrictly("subject", certificate.subjectName, Name).some(
      (rdn) => new Set(rdn.map(({ type }) => type)).size < rdn.length,
    ),
};
