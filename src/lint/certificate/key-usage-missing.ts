import type { CertificateRule } from "./rule.js";

/** Standards I5, I10, C5. */
export const keyUsageMissing: CertificateRule = {
  name: "sekisho.key_usage_missing",
  text: "keyUsage is absent or has no bit",
  breaks: ({ certificate }) => (certificate.keyUsage?.size ?? 0) === 0,
};
