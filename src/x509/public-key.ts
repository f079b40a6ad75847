import { DerError, DerReader } from "../asn1/reader.js";
import { TAG } from "../asn1/tags.js";
import { hex } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";
import { readDer } from "./read-der.js";
import { rsaWeakness } from "./rsa-weakness.js";
import { publicKey } from "./signature.js";

/** Key types that are certified (standards I19). */
export type CertifiedKeyType = "rsa2048" | "rsa3072" | "rsa4096" | "p256" | "p384";

/** Exact DER AlgorithmIdentifiers (standards I21): rsaEncryption with NULL, id-ecPublicKey with a named curve. */
const RSA_ENCRYPTION = "300d06092a864886f70d0101010500";
const EC_KEYS = new Map<string, { keyType: CertifiedKeyType; pointOctets: number }>([
  ["301306072a8648ce3d020106082a8648ce3d030107", { keyType: "p256", pointOctets: 65 }],
  ["301006072a8648ce3d020106052b81040022", { keyType: "p384", pointOctets: 97 }],
]);

const RSA_KEY_TYPES = new Map<number, CertifiedKeyType>([
  [2048, "rsa2048"],
  [3072, "rsa3072"],
  [4096, "rsa4096"],
]);

const UNCOMPRESSED_POINT = 0x04;

/**
 * Type of the key in a DER SubjectPublicKeyInfo that may be certified: RSA of 2048, 3072 or 4096 bits without a known
 * weakness, or an uncompressed point on P-256 or P-384 (standards I19, I21). Throws CSR_KEY with the reason. Lists of
 * compromised keys and keys already in use are the issuer's to check.
 */
export function checkPublicKey(subjectPublicKeyInfo: Uint8Array): CertifiedKeyType {
  return readDer("subjectPublicKeyInfo", () => {
    const reader = new DerReader(subjectPublicKeyInfo);
    const outerEnd = reader.enter(TAG.SEQUENCE);
    reader.next(TAG.SEQUENCE);
    const algorithm = hex(reader.element());
    if (reader.bitString() !== 0) throw new DerError("bit-string-unused-bits", reader.header);
    const keyBits = reader.content();
    reader.leave(outerEnd);
    reader.finish();
    const keyType = algorithm === RSA_ENCRYPTION ? checkRsaKey(keyBits) : checkEcKey(algorithm, keyBits);
    if (publicKey(subjectPublicKeyInfo) === undefined) throw refused("the point is not on its curve");
    return keyType;
  });
}

function checkRsaKey(keyBits: Uint8Array): CertifiedKeyType {
  const reader = new DerReader(keyBits);
  const outerEnd = reader.enter(TAG.SEQUENCE);
  const modulus = readPositive(reader);
  const exponent = readPositive(reader);
  reader.leave(outerEnd);
  reader.finish();
  const bits = modulus.toString(2).length;
  const keyType = RSA_KEY_TYPES.get(bits);
  if (keyType === undefined) throw refused(`an RSA key of ${bits} bits is not supported`);
  const weakness = rsaWeakness(modulus, exponent);
  if (weakness !== undefined) throw refused(weakness);
  return keyType;
}

/** Longest INTEGER worth turning into a number: 4096 bits and a sign octet. */
const MAX_INTEGER_OCTETS = 513;

function readPositive(reader: DerReader): bigint {
  reader.integer();
  const content = reader.content();
  if (content.length > MAX_INTEGER_OCTETS || (content[0] as number) >= 0x80)
    throw refused("an RSA key with a number that is negative or longer than 4096 bits");
  return BigInt(`0x${hex(content)}`);
}

function checkEcKey(algorithm: string, keyBits: Uint8Array): CertifiedKeyType {
  const curve = EC_KEYS.get(algorithm);
  if (curve === undefined) throw refused("neither RSA nor ECDSA on the named curve P-256 or P-384");
  if (keyBits.length !== curve.pointOctets || keyBits[0] !== UNCOMPRESSED_POINT)
    throw refused("the point is not uncompressed");
  return curve.keyType;
}

function refused(reason: string): SekishoError {
  return new SekishoError("CSR_KEY", reason);
}
