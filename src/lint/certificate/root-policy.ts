import { type CertificateRule, extensionOf } from "./rule.js";

/** Standards I7. */
export const rootPolicy: CertificateRule = {
  name: "w_root_ca_contains_cert_policy",
  text: "a root certificate has certificatePolicies",
  breaks: (linted) => linted.kind === "root" && extensionOf(linted, "certificatePolicies") !== undefined,
};
