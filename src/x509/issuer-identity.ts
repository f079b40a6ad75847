import { createHash } from "node:crypto";
import type { TbsCertificate } from "./certificate.js";

/** Hash algorithms that a CertID may use (standards A5). */
export const ISSUER_HASHES = ["sha1", "sha256", "sha384", "sha512"] as const;
export type IssuerHash = (typeof ISSUER_HASHES)[number];

/** How a CertID names an issuer by one hash algorithm (RFC 6960 4.1.1). */
export interface IssuerIdentity {
  readonly hash: IssuerHash;
  /** Hash of the DER Name, exactly as certificates carry it. */
  readonly issuerNameHash: Uint8Array;
  /** Hash of the subjectPublicKey bits without tag, length and unused-bits octet. */
  readonly issuerKeyHash: Uint8Array;
}

/** The four identities of an issuer, from its own certificate (standards A3, A4). */
export function issuerIdentities(issuer: TbsCertificate): readonly IssuerIdentity[] {
  return ISSUER_HASHES.map((hash) => issuerIdentity(issuer, hash));
}

export function issuerIdentity(issuer: TbsCertificate, hash: IssuerHash): IssuerIdentity {
  return {
    hash,
    issuerNameHash: digest(hash, issuer.subjectName),
    issuerKeyHash: digest(hash, issuer.subjectPublicKeyBits),
  };
}

/** Key identifier by method (1) of RFC 5280 4.2.1.2: SHA-1 of the public key bits. Also ResponderID byKey (RFC 6960). */
export function keyIdentifier(subjectPublicKeyBits: Uint8Array): Uint8Array {
  return digest("sha1", subjectPublicKeyBits);
}

function digest(hash: IssuerHash, bytes: Uint8Array): Uint8Array {
  return createHash(hash).update(bytes).digest();
}
