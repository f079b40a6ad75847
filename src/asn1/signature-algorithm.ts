import { hex } from "../core/bytes.js";
import { OID, oid } from "./oid.js";
import { encode, nullValue, sequence } from "./writer.js";

/** A signature algorithm in node:crypto's words. */
export interface SignatureAlgorithm {
  readonly keyFamily: "rsa" | "ec";
  readonly hash: "sha256" | "sha384" | "sha512";
}

/**
 * Signature algorithms that are accepted, by their exact DER AlgorithmIdentifier (standards I21: RSA with NULL, ECDSA
 * without parameters). SHA-1 and MD5 are not among them (standards I20, N3).
 */
const ALGORITHMS = new Map<string, SignatureAlgorithm>([
  [withNull(OID.sha256WithRSAEncryption), { keyFamily: "rsa", hash: "sha256" }],
  [withNull("1.2.840.113549.1.1.12"), { keyFamily: "rsa", hash: "sha384" }],
  [withNull("1.2.840.113549.1.1.13"), { keyFamily: "rsa", hash: "sha512" }],
  [bare(OID.ecdsaWithSHA256), { keyFamily: "ec", hash: "sha256" }],
  [bare(OID.ecdsaWithSHA384), { keyFamily: "ec", hash: "sha384" }],
  [bare("1.2.840.10045.4.3.4"), { keyFamily: "ec", hash: "sha512" }],
]);

/** The accepted algorithm of a DER AlgorithmIdentifier; undefined if it is none. */
export function findSignatureAlgorithm(algorithmIdentifier: Uint8Array): SignatureAlgorithm | undefined {
  return ALGORITHMS.get(hex(algorithmIdentifier));
}

function withNull(algorithm: string): string {
  return hex(encode(sequence(oid(algorithm), nullValue)));
}

function bare(algorithm: string): string {
  return hex(encode(sequence(oid(algorithm))));
}
