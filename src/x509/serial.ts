import { randomBytes } from "node:crypto";
import { hex } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";

/**
 * Serial numbers are held everywhere as their big-endian magnitude: no sign octet, no leading zero octet, so that
 * equal serials are equal bytes. Certificates may carry 1 to 2^159-1 (RFC 5280 4.1.2.2, standards I1).
 */
export const MAX_SERIAL_OCTETS = 20;

const RANDOM_SERIAL_OCTETS = 16;

/**
 * Reads a serial as operators write it: hexadecimal in any case, with 0x, with colons between octets, with leading
 * zeros. Throws SERIAL_INVALID.
 */
export function parseSerial(text: string): Uint8Array {
  const digits = /^(?:0x)?([0-9a-f]{1,128}|[0-9a-f]{1,2}(?::[0-9a-f]{2}){1,63})$/i.exec(text.trim())?.[1];
  if (digits === undefined)
    throw new SekishoError("SERIAL_INVALID", "expected hexadecimal digits, with 0x and colons if you like");
  const significant = digits.replaceAll(":", "").replace(/^0+/, "");
  const even = significant.length % 2 === 0 ? significant : `0${significant}`;
  const magnitude = Buffer.from(even, "hex");
  if (!isSerialMagnitude(magnitude))
    throw new SekishoError("SERIAL_INVALID", "expected a number from 1 to 2^159-1");
  return magnitude;
}

/** The serial as lower-case hexadecimal digits, two an octet. */
export function serialText(serial: Uint8Array): string {
  return hex(serial);
}

/**
 * A new serial of exactly 16 octets: the top bit is set, which keeps the length fixed, and the other 127 bits come
 * from the system's random generator (standards I1). The INTEGER gets a sign octet and stays far below 2^159.
 */
export function randomSerial(): Uint8Array {
  const serial = randomBytes(RANDOM_SERIAL_OCTETS);
  serial[0] = 0x80 | (serial[0] as number);
  return serial;
}

/** True for the minimal magnitude of a number from 1 to 2^159-1. */
export function isSerialMagnitude(serial: Uint8Array): boolean {
  const first = serial[0] ?? 0;
  return (
    first !== 0 &&
    (serial.length < MAX_SERIAL_OCTETS || (serial.length === MAX_SERIAL_OCTETS && first < 0x80))
  );
}
