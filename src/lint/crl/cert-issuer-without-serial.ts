import type { CrlRule } from "./rule.js";

/** RFC 5280 4.2.1.1. */
export const certIssuerWithoutSerial: CrlRule = {
  names: ["pkix.aki_with_cert_issuer_but_serial_number_absent"],
  text: "authorityKeyIdentifier has authorityCertIssuer without authorityCertSerialNumber",
  breaks: ({ extensions: { authorityKeyIdentifier } }) =>
    authorityKeyIdentifier?.authorityCertIssuer === true && !authorityKeyIdentifier.authorityCertSerialNumber,
};
