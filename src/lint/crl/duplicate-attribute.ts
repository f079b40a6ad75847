import { Name } from "@peculiar/asn1-x509";
import { parseStrictly } from "../../x509/strict.js";
import type { CrlRule } from "./rule.js";

/** X.501 9.3. */
export const duplicateAttribute: CrlRule = {
  names: ["pkix.rdn_contains_duplicate_attribute_types"],
  text: "a relative distinguished name of the issuer has an attribute type twice",
  breaks: ({ header }) =>
    parseStrictly("issuer", header.issuerName, Name).some(
      (rdn) => new Set(rdn.map(({ type }) => type)).size < rdn.length,
    ),
};
