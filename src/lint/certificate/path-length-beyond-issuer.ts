import type { CertificateRule } from "./rule.js";

/** RFC 5280 4.2.1.9, 6.1.4: such a chain would not validate. */
export const pathLengthBeyondIssuer: CertificateRule = {
  name: "sekisho.path_length_beyond_issuers",
  text: "the issuer's pathLenConstraint leaves no room for this CA certificate",
  breaks: ({ certificate, issuer, kind }) => {
    const room = issuer.basicConstraints?.pathLenConstraint;
    if (kind !== "subordinate-ca" || room === undefined) return false;
    return (certificate.basicConstraints?.pathLenConstraint ?? Number.POSITIVE_INFINITY) >= room;
  },
};
