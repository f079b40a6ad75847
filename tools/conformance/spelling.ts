/** Ways in which clients write the base64 of a request into a URL (standards F2, F3, P15), by the name in a message. */
export const SPELLINGS: Readonly<Record<string, (base64: string) => string>> = {
  base64: encodeURIComponent,
  "base64-raw": (base64) => base64,
  "base64-lower": (base64) => encodeURIComponent(base64).replace(/%../g, (octet) => octet.toLowerCase()),
  "base64-unpadded": (base64) => encodeURIComponent(base64.replace(/=/g, "")),
  "base64-urlsafe": (base64) => base64.replace(/\+/g, "-").replace(/\//g, "_"),
  "base64-space": (base64) => encodeURIComponent(base64).replace(/%2B/g, "%20"),
  "base64-letters": (base64) =>
    [...base64].map((char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`).join(""),
  "base64-twice": (base64) => encodeURIComponent(encodeURIComponent(base64)),
};
