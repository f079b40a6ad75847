import { CertificatePolicies } from "@peculiar/asn1-x509";
import { parseStrictly } from "../../x509/strict.js";
import { type CertificateRule, extensionOf } from "./rule.js";

/** RFC 5280 4.2.1.4, standards I7. */
export const duplicatePolicy: CertificateRule = {
  name: "e_ext_cert_policy_duplicate",
  text: "certificatePolicies names a policy twice",
  breaks: (linted) => {
    const extension = extensionOf(linted, "certificatePolicies");
    if (extension === undefined) return false;
    const policies = parseStrictly("certificatePolicies", extension.value, CertificatePolicies);
    return new Set(policies.map(({ policyIdentifier }) => policyIdentifier)).size < policies.length;
  },
};
