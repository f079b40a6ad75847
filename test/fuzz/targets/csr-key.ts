import { createECDH, createHash, createPrivateKey, type KeyObject } from "node:crypto";

/** The P-256 key of the corpus's certification requests: made of a text, so it is the same in every run and secret in none. */
export function csrKey(): KeyObject {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(createHash("sha256").update("sekisho fuzz csr").digest());
  const point = ecdh.getPublicKey();
  const text = (octets: Buffer): string => octets.toString("base64url");
  return createPrivateKey({
    format: "jwk",
    key: {
      kty: "EC",
      crv: "P-256",
      d: text(ecdh.getPrivateKey()),
      x: text(point.subarray(1, 33)),
      y: text(point.subarray(33)),
    },
  });
}
