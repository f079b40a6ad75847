import type { CertificateRule } from "./rule.js";

/** RFC 5280 4.1.2.2, standards I1. */
export const serialNotPositive: CertificateRule = {
  name: "e_serial_number_not_positive",
  text: "the serial number is not positive",
  breaks: ({ certificate: { serialInteger } }) =>
    (serialInteger[0] as number) >= 0x80 || serialInteger.every((octet) => octet === 0),
};
