import { hasAttributeTypeTwice } from "../../x509/name-attributes.js";
import type { CertificateRule } from "./rule.js";

/** X.501 9.3. */
export const duplicateAttribute: CertificateRule = {
  name: "pkix.rdn_contains_duplicate_attribute_types",
  text: "a relative distinguished name has an attribute type twice",
  breaks: ({ certificate }) => hasAttributeTypeTwice(certificate.subjectName),
};
