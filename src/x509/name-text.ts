import { Name } from "@peculiar/asn1-x509";
import { parseStrictly } from "./strict.js";

const SHORT_NAMES: Record<string, string> = {
  "2.5.4.3": "CN",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
};

/**
 * A DER Name for people, most significant part last as in RFC 4514: `CN=Demo Root, O=Example, C=JP`. Control characters
 * become spaces; the text is never parsed back. Throws DER_INVALID.
 */
export function nameText(name: Uint8Array): string {
  const parts = parseStrictly("name", name, Name).flatMap((rdn) =>
    rdn.map(({ type, value }) => `${SHORT_NAMES[type] ?? type}=${value.toString().replace(/\p{Cc}/gu, " ")}`),
  );
  return parts.reverse().join(", ");
}
