import type { CertificateRule } from "./rule.js";

/** Standards I1. */
export const serialTooShort: CertificateRule = {
  name: "sekisho.serial_number_too_short",
  text: "the serial number is too short for 64 random bits",
  breaks: ({ certificate }) => certificate.serialNumber.length < 8,
};
