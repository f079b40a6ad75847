/** Paths of OCSP GETs: requests in the spellings that clients use, and spellings that are none (standards P15, P16). */
export function getPaths(requests: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  const found = new Map<string, string>(ODD.map((path, i) => [`odd-${String(i).padStart(2, "0")}`, path]));
  for (const name of ["openssl-plain", "openssl-nonce", "hash-sha256", "unknown-hash"]) {
    const base64 = Buffer.from(requests.get(name) ?? []).toString("base64");
    found.set(`${name}-escaped`, encodeURIComponent(base64));
    found.set(`${name}-raw`, base64);
    found.set(`${name}-url-safe`, base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, ""));
    found.set(`${name}-spare-slash`, `/${base64}`);
    found.set(`${name}-spaces`, base64.replaceAll("+", "%20"));
  }
  return new Map([...found].map(([name, path]) => [name, Buffer.from(path, "latin1")]));
}

const ODD = [
  "",
  "/",
  "//",
  "+/8w8A==",
  "%2b%2f8w8A%3d%3D",
  "+/8w8A=%3D",
  " /8w8A==",
  "%2B%2F%38w8A==",
  "%0A+/8w8A==",
  "+/8w8A==\n",
  "%00",
  "%252B/8w8A==",
  "%2",
  "%",
  "%G0",
  "+/8w8A=",
  "+/8w8A===",
  "+/8w=8A=",
  "M",
  "MDMwM",
  "MDMw=",
  "MDMw\xe9",
  "%C3%A9",
  "MDMw?query",
  "MD/.",
];
