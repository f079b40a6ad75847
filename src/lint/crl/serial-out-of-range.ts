import type { CrlRule } from "./rule.js";

/** RFC 5280 4.1.2.2: 20 octets with the sign. */
export const serialOutOfRange: CrlRule = {
  names: ["pkix.certificate_serial_number_out_of_range"],
  text: "a serial number is not from 1 to 2^159 - 1",
  breaksEntry: ({ bytes, serialStart, serialStop, serialNegative }) => {
    const octets = serialStop - serialStart;
    const signed = (bytes[serialStart] as number) >= 0x80 ? octets + 1 : octets;
    return serialNegative || octets === 0 || signed > 20;
  },
};
