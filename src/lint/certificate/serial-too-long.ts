import type { CertificateRule } from "./rule.js";

/** RFC 5280 4.1.2.2, standards I1. */
export const serialTooLong: CertificateRule = {
  name: "e_serial_number_longer_than_20_octets",
  text: "the serial number has more than 20 octets",
  breaks: ({ certificate }) => certificate.serialInteger.length > 20,
};
