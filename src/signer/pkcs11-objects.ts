import type { Attribute, Handle } from "pkcs11js";
import pkcs11js from "pkcs11js";
import { TAG } from "../asn1/tags.js";
import { asBuffer, bytesEqual, hex } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";
import {
  ALGORITHMS,
  algorithmOf,
  ecSubjectPublicKeyInfo,
  keyIdentifierOf,
  rsaSubjectPublicKeyInfo,
} from "./algorithms.js";
import { cryptoki } from "./pkcs11-module.js";
import type { OpenSession } from "./pkcs11-session.js";
import type { KeyType } from "./signer.js";

/**
 * The private key with this identifier, undefined if absent. Throws KEY_ATTRIBUTES unless it is alone, sensitive, not
 * extractable, never was, and was generated in the token (standards Q6.2.6-7).
 */
export function findPrivateKey(session: OpenSession, keyIdentifier: Uint8Array): Handle | undefined {
  const id = hex(keyIdentifier);
  const known = session.privateKeys.get(id);
  if (known !== undefined) return known;
  const [key, ...others] = find(session, pkcs11js.CKO_PRIVATE_KEY, {
    type: pkcs11js.CKA_ID,
    value: asBuffer(keyIdentifier),
  });
  if (key === undefined) return undefined;
  if (others.length > 0)
    throw new SekishoError("KEY_ATTRIBUTES", `several private keys have the identifier ${id}`);
  assertProtected(session, key, id);
  session.privateKeys.set(id, key);
  return key;
}

/** DER SubjectPublicKeyInfo of the public key object with this identifier. Throws KEY_MISSING, KEY_ATTRIBUTES. */
export function readPublicKey(session: OpenSession, keyIdentifier: Uint8Array): Uint8Array {
  const id = hex(keyIdentifier);
  const [key] = find(session, pkcs11js.CKO_PUBLIC_KEY, {
    type: pkcs11js.CKA_ID,
    value: asBuffer(keyIdentifier),
  });
  if (key === undefined)
    throw new SekishoError("KEY_MISSING", `the private key ${id} has no public key beside it`);
  const spki = subjectPublicKeyInfoOf(session, key);
  if (!bytesEqual(keyIdentifierOf(spki), keyIdentifier))
    throw new SekishoError("KEY_ATTRIBUTES", `CKA_ID ${id} is not the identifier of its public key`);
  return spki;
}

/** Key identifiers of the private keys with a label. Keys of others, whose CKA_ID is no such identifier, are left out. */
export function listPrivateKeys(session: OpenSession, label: string): Uint8Array[] {
  const keys = find(session, pkcs11js.CKO_PRIVATE_KEY, { type: pkcs11js.CKA_LABEL, value: label });
  return keys
    .map((key) => attribute(session, key, pkcs11js.CKA_ID))
    .filter((id) => id.length === KEY_IDENTIFIER_LENGTH);
}

/** Generates a key pair in the token (standards Q6.2.1) and gives both objects its identifier, which it returns. */
export function generateKeyPair(session: OpenSession, label: string, keyType: KeyType): Uint8Array {
  const { api, handle } = session;
  const { mechanism, parameters } = generation(keyType);
  const { publicKey, privateKey } = cryptoki("C_GenerateKeyPair", () =>
    api.C_GenerateKeyPair(handle, { mechanism }, publicTemplate(label, parameters), privateTemplate(label)),
  );
  const keyIdentifier = keyIdentifierOf(subjectPublicKeyInfoOf(session, publicKey));
  // The private key last: it is what a search begins with.
  for (const key of [publicKey, privateKey])
    cryptoki("C_SetAttributeValue", () =>
      api.C_SetAttributeValue(handle, key, [{ type: pkcs11js.CKA_ID, value: asBuffer(keyIdentifier) }]),
    );
  return keyIdentifier;
}

const KEY_IDENTIFIER_LENGTH = 20;

function generation(keyType: KeyType): { mechanism: number; parameters: Attribute[] } {
  const algorithm = algorithmOf(keyType);
  if (algorithm.family === "ec")
    return {
      mechanism: pkcs11js.CKM_EC_KEY_PAIR_GEN,
      parameters: [{ type: pkcs11js.CKA_EC_PARAMS, value: asBuffer(algorithm.parameters) }],
    };
  return {
    mechanism: pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN,
    parameters: [
      { type: pkcs11js.CKA_MODULUS_BITS, value: algorithm.modulusBits },
      { type: pkcs11js.CKA_PUBLIC_EXPONENT, value: Buffer.from([1, 0, 1]) },
    ],
  };
}

const publicTemplate = (label: string, parameters: Attribute[]): Attribute[] => [
  { type: pkcs11js.CKA_TOKEN, value: true },
  { type: pkcs11js.CKA_PRIVATE, value: false },
  { type: pkcs11js.CKA_LABEL, value: label },
  { type: pkcs11js.CKA_VERIFY, value: true },
  ...parameters,
];

/** Signing is the one use; the others are named because their defaults differ between tokens. */
const privateTemplate = (label: string): Attribute[] => [
  { type: pkcs11js.CKA_TOKEN, value: true },
  { type: pkcs11js.CKA_PRIVATE, value: true },
  { type: pkcs11js.CKA_SENSITIVE, value: true },
  { type: pkcs11js.CKA_EXTRACTABLE, value: false },
  { type: pkcs11js.CKA_LABEL, value: label },
  { type: pkcs11js.CKA_SIGN, value: true },
  { type: pkcs11js.CKA_DECRYPT, value: false },
  { type: pkcs11js.CKA_UNWRAP, value: false },
  { type: pkcs11js.CKA_DERIVE, value: false },
];

function find({ api, handle }: OpenSession, objectClass: number, criterion: Attribute): Handle[] {
  const template = [{ type: pkcs11js.CKA_CLASS, value: objectClass }, criterion];
  cryptoki("C_FindObjectsInit", () => api.C_FindObjectsInit(handle, template));
  const found: Handle[] = [];
  for (;;) {
    const some = cryptoki("C_FindObjects", () => api.C_FindObjects(handle, 64));
    if (some.length === 0) break;
    found.push(...some);
  }
  cryptoki("C_FindObjectsFinal", () => api.C_FindObjectsFinal(handle));
  return found;
}

function attribute({ api, handle }: OpenSession, object: Handle, type: number): Buffer {
  const [result] = cryptoki("C_GetAttributeValue", () => api.C_GetAttributeValue(handle, object, [{ type }]));
  return result?.value ?? Buffer.alloc(0);
}

function assertProtected(session: OpenSession, key: Handle, id: string): void {
  const rules = [
    { name: "CKA_SENSITIVE", type: pkcs11js.CKA_SENSITIVE, expected: true },
    { name: "CKA_EXTRACTABLE", type: pkcs11js.CKA_EXTRACTABLE, expected: false },
    { name: "CKA_LOCAL", type: pkcs11js.CKA_LOCAL, expected: true },
    { name: "CKA_NEVER_EXTRACTABLE", type: pkcs11js.CKA_NEVER_EXTRACTABLE, expected: true },
  ];
  for (const { name, type, expected } of rules) {
    const value = attribute(session, key, type);
    if (value.length !== 1 || (value[0] !== 0) !== expected)
      throw new SekishoError("KEY_ATTRIBUTES", `private key ${id}: expected ${name} to be ${expected}`);
  }
}

function subjectPublicKeyInfoOf(session: OpenSession, key: Handle): Uint8Array {
  const keyType = attribute(session, key, pkcs11js.CKA_KEY_TYPE);
  // CK_ULONG in the machine's byte order; every supported machine is little-endian.
  switch (keyType.readUInt32LE()) {
    case pkcs11js.CKK_RSA:
      return rsaSubjectPublicKeyInfo(
        attribute(session, key, pkcs11js.CKA_MODULUS),
        attribute(session, key, pkcs11js.CKA_PUBLIC_EXPONENT),
      );
    case pkcs11js.CKK_EC:
      return ecPublicKeyInfo(
        attribute(session, key, pkcs11js.CKA_EC_PARAMS),
        attribute(session, key, pkcs11js.CKA_EC_POINT),
      );
    default:
      throw new SekishoError("KEY_ATTRIBUTES", "the public key is neither RSA nor EC");
  }
}

/**
 * SubjectPublicKeyInfo from CKA_EC_PARAMS and CKA_EC_POINT. PKCS#11 2.40 wraps the point in an OCTET STRING, older modules
 * give it bare. The length tells them apart: the first octet is 04 in both, and one bare point in 256 reads like DER.
 */
export function ecPublicKeyInfo(parameters: Uint8Array, point: Uint8Array): Uint8Array {
  const curve = CURVES.find((known) => bytesEqual(known.parameters, parameters));
  if (curve === undefined) throw new SekishoError("KEY_ATTRIBUTES", "the curve is neither P-256 nor P-384");
  const pointLength = 1 + curve.rawSignatureSize;
  if (point.length === pointLength) return ecSubjectPublicKeyInfo(parameters, point);
  const header = Uint8Array.of(TAG.OCTET_STRING, pointLength);
  if (point.length !== header.length + pointLength || !bytesEqual(point.subarray(0, 2), header))
    throw new SekishoError("KEY_ATTRIBUTES", "CKA_EC_POINT is not an uncompressed point of its curve");
  return ecSubjectPublicKeyInfo(parameters, point.subarray(2));
}

const CURVES = [ALGORITHMS.p256, ALGORITHMS.p384];
