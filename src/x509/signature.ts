import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { findSignatureAlgorithm } from "../asn1/signature-algorithm.js";
import { asBuffer, bytesEqual } from "../core/bytes.js";
import type { Certificate, TbsCertificate } from "./certificate.js";

/** True if signatures by this DER AlgorithmIdentifier are accepted at all. */
export function isAcceptedAlgorithm(signatureAlgorithm: Uint8Array): boolean {
  return findSignatureAlgorithm(signatureAlgorithm) !== undefined;
}

/** True if the algorithm is accepted and belongs to the type of the key (DER SubjectPublicKeyInfo). */
export function algorithmFitsKey(signatureAlgorithm: Uint8Array, subjectPublicKeyInfo: Uint8Array): boolean {
  const family = publicKey(subjectPublicKeyInfo)?.asymmetricKeyType;
  return family !== undefined && findSignatureAlgorithm(signatureAlgorithm)?.keyFamily === family;
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
  const algorithm = findSignatureAlgorithm(signatureAlgorithm);
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
