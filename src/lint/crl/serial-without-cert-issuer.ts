import type { CrlRule } from "./rule.js";

/** RFC 5280 4.2.1.1. */
export const serialWithoutCertIssuer: CrlRule = {
  names: ["pkix.aki_with_serial_number_but_cert_issuer_absent"],
  text: "authorityKeyIdentifier has authorityCertSerialNumber without authorityCertIssuer",
  breaks: ({ extensions: { authorityKeyIdentifier } }) =>
    authorityKeyIdentifier?.authorityCertSerialNumber === true && !authorityKeyIdentifier.authorityCertIssuer,
};
