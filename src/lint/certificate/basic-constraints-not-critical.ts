import { type CertificateRule, extensionOf, isCa } from "./rule.js";

/** RFC 5280 4.2.1.9, standards I5. */
export const basicConstraintsNotCritical: CertificateRule = {
  name: "e_basic_constraints_not_critical",
  text: "basicConstraints of a CA certificate is not critical",
  breaks: (linted) => isCa(linted.kind) && extensionOf(linted, "basicConstraints")?.critical === false,
};
