import type { CrlRule } from "./rule.js";

const EMPTY_SEQUENCE_LENGTH = 2;

/** RFC 5280 5.1.2.3, standards G3. */
export const issuerNameEmpty: CrlRule = {
  names: ["pkix.name_empty", "e_crl_has_issuer_name"],
  text: "the issuer is an empty name",
  breaks: ({ header }) => header.issuerName.length === EMPTY_SEQUENCE_LENGTH,
};
