import { asBuffer } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";

/** Longest PEM text that is looked at: a request of 64 KiB with room for base64 and line ends. */
const MAX_PEM_BYTES = 128 * 1024;

export type PemLabel = "CERTIFICATE" | "CERTIFICATE REQUEST";

/**
 * DER bytes of a PEM text (RFC 7468) that is exactly one block of the expected label, with nothing but white space
 * around it and canonical base64 inside (standards P27). Throws PEM_INVALID.
 */
export function decodePem(text: Uint8Array, label: PemLabel): Uint8Array {
  if (text.length > MAX_PEM_BYTES) throw new SekishoError("PEM_INVALID", `more than ${MAX_PEM_BYTES} bytes`);
  const lines = asBuffer(text).toString("latin1").trim().split(/\r?\n/);
  if (lines.shift() !== `-----BEGIN ${label}-----`)
    throw new SekishoError("PEM_INVALID", `does not begin with a line "-----BEGIN ${label}-----"`);
  if (lines.pop() !== `-----END ${label}-----`)
    throw new SekishoError("PEM_INVALID", `does not end with a line "-----END ${label}-----"`);
  const base64 = lines.join("");
  const der = Buffer.from(base64, "base64");
  // Node skips what is not base64; only text that it writes the same way again was canonical.
  if (der.length === 0 || der.toString("base64") !== base64)
    throw new SekishoError("PEM_INVALID", "the block is not canonical base64");
  return der;
}

/** DER bytes of a file that holds either one PEM block of the label or bare DER. Throws PEM_INVALID. */
export function decodePemOrDer(file: Uint8Array, label: PemLabel): Uint8Array {
  const SEQUENCE = 0x30; // the digit 0 in text, which no PEM begins with
  return file[0] === SEQUENCE ? file : decodePem(file, label);
}

/** One PEM block with lines of 64 characters and a line end after the last. */
export function encodePem(der: Uint8Array, label: PemLabel): string {
  const lines =
    asBuffer(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
