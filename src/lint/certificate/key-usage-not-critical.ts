import { type CertificateRule, extensionOf } from "./rule.js";

/** RFC 5280 4.2.1.3, standards I5, C5. */
export const keyUsageNotCritical: CertificateRule = {
  name: "sekisho.key_usage_not_critical",
  text: "keyUsage is not critical",
  breaks: (linted) => extensionOf(linted, "keyUsage")?.critical === false,
};
