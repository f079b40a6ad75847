import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { OID, oid } from "../asn1/oid.js";
import { encode, nullValue, sequence } from "../asn1/writer.js";
import { asBuffer, bytesEqual, hex } from "../core/bytes.js";
import type { Certificate, TbsCertificate } from "./certificate.js";

/**
 * Signature algorithms that are accepted, by their exact DER AlgorithmIdentifier (standards I21: RSA with NULL, ECDSA
 * without parameters). SHA-1 and MD5 are not among them (standards I20, N3).
 */
const ALGORITHMS = [
  { keyFamily: "rsa", hash: "sha256", identifier: withNull(OID.sha256WithRSAEncryption) },
  { keyFamily: "rsa", hash: "sha384", identifier: withNull("1.2.840.113549.1.1.12") },
  { keyFamily: "rsa", hash: "sha512", identifier: withNull("1.2.840.113549.1.1.13") },
  { keyFamily: "ec", hash: "sha256", identifier: bare(OID.ecdsaWithSHA256) },
  { keyFamily: "ec", hash: "sha384", identifier: bare(OID.ecdsaWithSHA384) },
  { keyFamily: "ec", hash: "sha512", identifier: bare("1.2.840.10045.4.3.4") },
] as const;

/** True if signatures by this DER AlgorithmIdentifier are accepted at all. */
export function isAcceptedAlgorithm(signatureAlgorithm: Uint8Array): boolean {
  return findAlgorithm(signatureAlgorithm) !== undefined;
}

/** True if the algorithm is accepted and belongs to the type of the key (DER SubjectPublicKeyInfo). */
export function algorithmFitsKey(signatureAlgorithm: Uint8Array, subjectPublicKeyInfo: Uint8Array): boolean {
  const family = publicKey(subjectPublicKeyInfo)?.asymmetricKeyType;
  return family !== undefined && findAlgorithm(signatureAlgorithm)?.keyFamily === family;
}

/**
 * True if `signature` over `message` verifies with the key. False too for an algorithm that is not accepted, that does
 * not belong to the key's type, or for a key that cannot be read.
 */
export function verifySignature(
  message: Uint8Array,
  signatureAlgorithm: Uint8Array,
  signature: Uint8Array,
  subjectPublicKeyInfo: Uint8Array,
): boolean {
  const algorithm = findAlgorithm(signatureAlgorithm);
  const key = publicKey(subjectPublicKeyInfo);
  if (algorithm === undefined || key?.asymmetricKeyType !== algorithm.keyFamily) return false;
  return verify(algorithm.hash, message, key, signature);
}

/** True if the certificate names `issuer` and carries its signature. Says nothing about validity or extensions. */
export function isIssuedBy(certificate: Certificate, issuer: TbsCertificate): boolean {
  return (
    bytesEqual(certificate.issuerName, issuer.subjectName) &&
    verifySignature(
      certificate.tbsCertificate,
      certificate.signatureAlgorithm,
      certificate.signatureBits,
      issuer.subjectPublicKeyInfo,
    )
  );
}

/** True if the certificate is for this key (DER SubjectPublicKeyInfo, byte for byte). */
export function certificateMatchesKey(
  certificate: TbsCertificate,
  subjectPublicKeyInfo: Uint8Array,
): boolean {
  return bytesEqual(certificate.subjectPublicKeyInfo, subjectPublicKeyInfo);
}

/** The key of a DER SubjectPublicKeyInfo; undefined if it is none, for example a point that is not on its curve. */
export function publicKey(subjectPublicKeyInfo: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: asBuffer(subjectPublicKeyInfo), format: "der", type: "spki" });
  } catch {
    return undefined;
  }
}

function findAlgorithm(signatureAlgorithm: Uint8Array): (typeof ALGORITHMS)[number] | undefined {
  const wanted = hex(signatureAlgorithm);
  return ALGORITHMS.find(({ identifier }) => identifier === wanted);
}

function withNull(algorithm: string): string {
  return hex(encode(sequence(oid(algorithm), nullValue)));
}

function bare(algorithm: string): string {
  return hex(encode(sequence(oid(algorithm))));
}
