import type { CertificateRule } from "./rule.js";

/** RFC 5280 4.2.1.9, standards I5. */
export const pathLengthWithoutCa: CertificateRule = {
  name: "e_path_len_constraint_improperly_included",
  text: "pathLenConstraint stands where cA or keyCertSign does not",
  breaks: ({ certificate: { basicConstraints, keyUsage } }) =>
    basicConstraints?.pathLenConstraint !== undefined &&
    !(basicConstraints.cA && keyUsage?.has("keyCertSign") === true),
};
