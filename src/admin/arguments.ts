import { type Change, REVOKE_REASONS } from "../control/messages.js";
import { SekishoError } from "../core/errors.js";
import { parseSerial, serialText } from "../x509/serial.js";

/** What operators write on the command line and in lists, in the form of the control protocol. */

/** A serial: hexadecimal in any case, with 0x, colons or leading zeros. Throws SERIAL_INVALID. */
export function serialArgument(text: string): string {
  return serialText(parseSerial(text));
}

/** A reason of a final revocation in its RFC 5280 5.3.1 spelling. Throws REASON_INVALID. */
export function reasonArgument(text: string): Change["reason"] {
  const reason = REVOKE_REASONS.find((name) => name === text);
  if (reason !== undefined) return reason;
  const hint =
    text === "certificateHold" ? "use `cert hold`" : `expected one of ${REVOKE_REASONS.join(", ")}`;
  throw new SekishoError("REASON_INVALID", hint);
}

/** An invalidity date, YYYY-MM-DD (its midnight in UTC) or YYYY-MM-DDTHH:MM:SSZ, not in the future. Throws DATE_INVALID. */
export function dateArgument(text: string, nowMs: number): string {
  const iso = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text;
  const ms = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(iso) ? Date.parse(iso) : Number.NaN;
  // Date.parse carries 30 February over into March; only a time that reads back the same was written right.
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== iso.replace("Z", ".000Z"))
    throw new SekishoError("DATE_INVALID", "expected YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ");
  if (ms > nowMs) throw new SekishoError("DATE_INVALID", `${iso} is in the future`);
  return iso;
}

/** SHA-256 fingerprint: hexadecimal in any case, with or without colons. Throws USAGE. */
export function fingerprintArgument(text: string): string {
  const digits = text.replaceAll(":", "").toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return digits;
  throw new SekishoError("USAGE", "expected a SHA-256 fingerprint of 64 hexadecimal digits");
}

/** A CRL number, decimal or hexadecimal after 0x. Throws USAGE. */
export function crlNumberArgument(text: string): bigint {
  if (/^(\d{1,48}|0x[0-9a-f]{1,40})$/i.test(text)) return BigInt(text);
  throw new SekishoError("USAGE", "expected a CRL number, decimal or hexadecimal after 0x");
}
