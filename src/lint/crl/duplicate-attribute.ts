import { hasAttributeTypeTwice } from "../../x509/name-attributes.js";
import type { CrlRule } from "./rule.js";

/** X.501 9.3. */
export const duplicateAttribute: CrlRule = {
  names: ["pkix.rdn_contains_duplicate_attribute_types"],
  text: "a relative distinguished name of the issuer has an attribute type twice",
  breaks: ({ header }) => hasAttributeTypeTwice(header.issuerName),
};
