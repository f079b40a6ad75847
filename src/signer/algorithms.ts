import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { DerReader } from "../asn1/reader.js";
import { TAG } from "../asn1/tags.js";
import { bitString, encode, encoded, sequence, unsignedInteger } from "../asn1/writer.js";
import { asBuffer } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";
import type { DigestName, KeyType, Signer, ToBeSigned } from "./signer.js";

/** What a key type fixes. Sizes in octets. */
export type Algorithm = RsaAlgorithm | EcAlgorithm;

interface CommonAlgorithm {
  readonly digestName: DigestName;
  readonly digestSize: number;
  /** DER AlgorithmIdentifier of its signatures, byte for byte as standards I21 demands. */
  readonly signatureAlgorithm: Uint8Array;
  /** What the token returns: the RSA signature, or r and s side by side. */
  readonly rawSignatureSize: number;
}

export interface RsaAlgorithm extends CommonAlgorithm {
  readonly family: "rsa";
  readonly modulusBits: number;
}

export interface EcAlgorithm extends CommonAlgorithm {
  readonly family: "ec";
  readonly curveName: string;
  /** DER ECParameters: the namedCurve OID (RFC 5480 2.1.1). */
  readonly parameters: Uint8Array;
}

const der = (text: string): Uint8Array => Buffer.from(text, "hex");

const rsa = (modulusBits: number): RsaAlgorithm => ({
  family: "rsa",
  modulusBits,
  digestName: "sha256",
  digestSize: 32,
  signatureAlgorithm: der("300d06092a864886f70d01010b0500"),
  rawSignatureSize: modulusBits / 8,
});

export const ALGORITHMS = {
  rsa2048: rsa(2048),
  rsa3072: rsa(3072),
  rsa4096: rsa(4096),
  p256: {
    family: "ec",
    curveName: "prime256v1",
    parameters: der("06082a8648ce3d030107"),
    digestName: "sha256",
    digestSize: 32,
    signatureAlgorithm: der("300a06082a8648ce3d040302"),
    rawSignatureSize: 64,
  },
  p384: {
    family: "ec",
    curveName: "secp384r1",
    parameters: der("06052b81040022"),
    digestName: "sha384",
    digestSize: 48,
    signatureAlgorithm: der("300a06082a8648ce3d040303"),
    rawSignatureSize: 96,
  },
} as const satisfies Record<KeyType, Algorithm>;

/** The algorithm of a key type, typed by its family. */
export function algorithmOf(keyType: KeyType): Algorithm {
  return ALGORITHMS[keyType];
}

/** The key type of a public or private key; undefined if it is none that may be used (standards I19). */
export function keyTypeOf(key: KeyObject): KeyType | undefined {
  const { modulusLength, publicExponent, namedCurve } = key.asymmetricKeyDetails ?? {};
  for (const keyType of Object.keys(ALGORITHMS) as KeyType[]) {
    const algorithm = algorithmOf(keyType);
    if (algorithm.family !== key.asymmetricKeyType) continue;
    if (algorithm.family === "ec" && algorithm.curveName === namedCurve) return keyType;
    if (algorithm.family === "rsa" && algorithm.modulusBits === modulusLength && publicExponent === 65537n)
      return keyType;
  }
  return undefined;
}

/** What a Signer says about its key, from the DER SubjectPublicKeyInfo. Throws KEY_ATTRIBUTES on a type not in use. */
export function describeKey(subjectPublicKeyInfo: Uint8Array): Omit<Signer, "sign"> {
  const publicKey = createPublicKey({ key: asBuffer(subjectPublicKeyInfo), format: "der", type: "spki" });
  const keyType = keyTypeOf(publicKey);
  if (keyType === undefined)
    throw new SekishoError(
      "KEY_ATTRIBUTES",
      "the key is not RSA of 2048, 3072 or 4096 bits, ECDSA P-256 or P-384",
    );
  const { digestName, signatureAlgorithm } = algorithmOf(keyType);
  return { keyType, digestName, signatureAlgorithm, publicKey, subjectPublicKeyInfo };
}

/** SHA-1 of the subjectPublicKey bits (RFC 5280 4.2.1.2 (1)), 20 octets. Throws DerError. */
export function keyIdentifierOf(subjectPublicKeyInfo: Uint8Array): Uint8Array {
  const reader = new DerReader(subjectPublicKeyInfo);
  const outerEnd = reader.enter(TAG.SEQUENCE);
  reader.next(TAG.SEQUENCE);
  reader.bitString();
  const bits = reader.content();
  reader.leave(outerEnd);
  reader.finish();
  return createHash("sha1").update(bits).digest();
}

/** AlgorithmIdentifier rsaEncryption with NULL, byte for byte (standards I21). */
const RSA_ENCRYPTION = encoded(der("300d06092a864886f70d0101010500"));

/** SubjectPublicKeyInfo of an RSA key from its big-endian numbers (RFC 3279 2.3.1). */
export function rsaSubjectPublicKeyInfo(modulus: Uint8Array, publicExponent: Uint8Array): Uint8Array {
  const rsaPublicKey = sequence(unsignedInteger(modulus), unsignedInteger(publicExponent));
  return encode(sequence(RSA_ENCRYPTION, bitString(encode(rsaPublicKey))));
}

const ID_EC_PUBLIC_KEY = encoded(der("06072a8648ce3d0201"));

/** SubjectPublicKeyInfo of an EC key from its DER ECParameters and its point as X9.62 octets (RFC 5480 2). */
export function ecSubjectPublicKeyInfo(parameters: Uint8Array, point: Uint8Array): Uint8Array {
  return encode(sequence(sequence(ID_EC_PUBLIC_KEY, encoded(parameters)), bitString(point)));
}

/** A DER DigestInfo without the SHA-256 digest that follows it: what RSASSA-PKCS1-v1_5 pads (RFC 8017 9.2). */
export const DIGEST_INFO_SHA256 = der("3031300d060960864801650304020105000420");

/** DER DigestInfo of a SHA-256 digest. */
export function digestInfo(digest: Uint8Array): Buffer {
  return Buffer.concat([DIGEST_INFO_SHA256, packDigests([{ digest }], 32)]);
}

/** The digests of a batch end to end. Throws RangeError if one has not `digestSize` octets. */
export function packDigests(batch: readonly Pick<ToBeSigned, "digest">[], digestSize: number): Uint8Array {
  const digests = new Uint8Array(batch.length * digestSize);
  batch.forEach(({ digest }, i) => {
    if (digest.length !== digestSize)
      throw new RangeError(`a digest has ${digestSize} octets, not ${digest.length}`);
    digests.set(digest, i * digestSize);
  });
  return digests;
}

/** DER Ecdsa-Sig-Value (RFC 3279 2.2.3) from r and s side by side, each of half the length. */
export function ecdsaSigValue(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2;
  return encode(sequence(unsignedInteger(raw.subarray(0, half)), unsignedInteger(raw.subarray(half))));
}
