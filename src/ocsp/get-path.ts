/**
 * Decodes the path of an OCSP GET (RFC 6960 A.1): percent-encoded base64 of the DER request.
 *
 * Clients spell it in many ways (standards F3, P15): raw or escaped `+` `/` `=`, a space for `+`, missing padding, the
 * URL-safe alphabet, one spare leading slash. Percent escapes are decoded exactly once. Anything else is undefined,
 * which the caller answers with 400.
 */
export function decodeGetPath(path: string): Uint8Array | undefined {
  const text = decodePercent(path.startsWith("/") ? path.slice(1) : path);
  if (text === undefined) return undefined;
  const base64 = text.replace(/-/g, "+").replace(/_/g, "/").replace(/ /g, "+");
  const match = /^([A-Za-z0-9+/]*)(={0,2})$/.exec(base64);
  if (match === null) return undefined;
  const digits = (match[1] as string).length;
  const padding = (match[2] as string).length;
  // One digit alone carries no octet; padding, if there is any, must fill the last group of four.
  if (digits % 4 === 1 || (padding > 0 && (digits + padding) % 4 !== 0)) return undefined;
  return Buffer.from(base64, "base64");
}

/** Decodes %XX once; undefined for a bad escape. The result is one character an octet. */
function decodePercent(text: string): string | undefined {
  if (!text.includes("%")) return text;
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
