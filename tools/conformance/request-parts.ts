import { createHash } from "node:crypto";
import { OID, oid } from "../../src/asn1/oid.js";
import { contextConstructed, contextPrimitive, TAG } from "../../src/asn1/tags.js";
import {
  constructed,
  type Der,
  encode,
  encoded,
  nullValue,
  octetString,
  primitive,
  sequence,
} from "../../src/asn1/writer.js";
import { hex } from "../../src/core/bytes.js";
import { type Edit, editDer } from "./der-tree.js";
import { NotApplicable } from "./expectation.js";
import { derivedOctets, type Target } from "./target.js";

/** An OCSPRequest as data (RFC 6960 4.1.1). Bytes are hexadecimal; what is left out is as most clients send it. */
export interface RequestParts {
  /** Content octets of version; absent: left out. */
  readonly version?: string;
  /** GeneralName element. */
  readonly requestorName?: string;
  /** Absent: one for the good certificate. */
  readonly ids?: readonly CertIDParts[];
  /** Of every Request in the list. */
  readonly singleExtensions?: readonly ExtensionParts[];
  readonly extensions?: readonly ExtensionParts[];
  /** Signature element of optionalSignature. */
  readonly signature?: string;
  /** Made at the end. */
  readonly edits?: readonly Edit[];
}

export type HashName = "sha1" | "sha256" | "sha384" | "sha512";

export interface CertIDParts {
  /** Whose serial number; absent: the good certificate's. */
  readonly of?: "good" | "revoked" | "unissued";
  /** What is done to that serial number, which makes another number or another encoding of it. */
  readonly serial?: "padded" | "unsigned" | "negated" | "prefixed";
  /** Content octets in place of that serial number. */
  readonly serialContent?: string;
  /** SHA-1 unless given. */
  readonly hash?: HashName;
  /** Dotted object identifier in place of the hash's own. */
  readonly algorithm?: string;
  /** Parameters of the hash algorithm: NULL unless given. */
  readonly parameters?: "absent" | string;
  /** What is wrong with the hashes. */
  readonly issuer?: "foreign" | "foreign-key" | "foreign-name" | "swapped" | "whole-key";
}

export type ExtensionParts =
  | { readonly nonce: number; readonly label?: string; readonly critical?: boolean }
  | { readonly oid: string; readonly value: string; readonly critical?: boolean }
  /** Names the bait as the place to ask. */
  | { readonly serviceLocator: true };

/** Paths to the elements of a request without version and requestorName. */
export const AT = {
  OUTER: [],
  TBS: [0],
  LIST: [0, 0],
  REQUEST: [0, 0, 0],
  CERT_ID: [0, 0, 0, 0],
  ALGORITHM: [0, 0, 0, 0, 0],
  HASH_OID: [0, 0, 0, 0, 0, 0],
  HASH_PARAMETERS: [0, 0, 0, 0, 0, 1],
  NAME_HASH: [0, 0, 0, 0, 1],
  KEY_HASH: [0, 0, 0, 0, 2],
  SERIAL: [0, 0, 0, 0, 3],
  EXTENSIONS: [0, 1, 0],
  EXTENSION: [0, 1, 0, 0],
  EXTENSION_OID: [0, 1, 0, 0, 0],
  EXTENSION_SECOND: [0, 1, 0, 0, 1],
} as const;

/** DER of the request, or what its edits made of it. `bait`: port of the listener that a serviceLocator names. */
export function encodeRequest(target: Target, parts: RequestParts, bait = 0): Uint8Array {
  const extensionList = (tag: number, list: readonly ExtensionParts[] | undefined): Der | undefined =>
    list && explicit(tag, sequence(...list.map((extension) => encodeExtension(target, extension, bait))));
  const { version, requestorName, ids = [{}], singleExtensions, extensions, signature, edits = [] } = parts;
  const der = encode(
    sequence(
      sequence(
        version === undefined ? undefined : explicit(0, primitive(TAG.INTEGER, bytes(version))),
        requestorName === undefined ? undefined : explicit(1, encoded(bytes(requestorName))),
        sequence(
          ...ids.map((id) => sequence(encoded(encodeCertID(target, id)), extensionList(0, singleExtensions))),
        ),
        extensionList(2, extensions),
      ),
      signature === undefined ? undefined : explicit(0, encoded(bytes(signature))),
    ),
  );
  return editDer(der, edits);
}

/** DER of one CertID. Throws NotApplicable where the certificate's serial number does not lend itself to it. */
export function encodeCertID(target: Target, parts: CertIDParts): Uint8Array {
  const { hash = "sha1", algorithm = OID[hash], parameters } = parts;
  const { name, key } = issuerHashes(target, parts.issuer, hash);
  const parameter =
    parameters === "absent" ? undefined : parameters === undefined ? nullValue : encoded(bytes(parameters));
  return encode(
    sequence(
      sequence(oid(algorithm), parameter),
      octetString(name),
      octetString(key),
      primitive(TAG.INTEGER, serialOctets(target, parts)),
    ),
  );
}

/** The nonce that an extension of the request carries. */
export function nonceOctets(
  target: Target,
  { nonce, label = "" }: { nonce: number; label?: string },
): Buffer {
  return derivedOctets(target, `nonce ${nonce} ${label}`, nonce);
}

function issuerHashes(
  { issuer }: Target,
  wrong: CertIDParts["issuer"],
  hash: HashName,
): { readonly name: Uint8Array; readonly key: Uint8Array } {
  const digest = (input: Uint8Array | string): Buffer => createHash(hash).update(input).digest();
  const name = digest(issuer.subjectName);
  const key = digest(issuer.subjectPublicKeyBits);
  const stranger = digest("an issuer that nobody is");
  switch (wrong) {
    case undefined:
      return { name, key };
    case "foreign":
      return { name: stranger, key: digest("its key") };
    case "foreign-key":
      return { name, key: stranger };
    case "foreign-name":
      return { name: stranger, key };
    case "swapped":
      return { name: key, key: name };
    case "whole-key":
      return { name, key: digest(issuer.subjectPublicKeyInfo) };
  }
}

/** Content octets of the serialNumber INTEGER. */
function serialOctets(target: Target, { of = "good", serial, serialContent }: CertIDParts): Uint8Array {
  if (serialContent !== undefined) return bytes(serialContent);
  const own = of === "unissued" ? unissuedSerial(target) : target[of].serialInteger;
  switch (serial) {
    case "padded":
      return Buffer.concat([Buffer.of(0), own]);
    case "prefixed":
      return Buffer.concat([Buffer.of(1), own]);
    case "unsigned":
      if (own[0] !== 0) throw new NotApplicable("the serial number has no sign octet");
      return own.subarray(1);
    case "negated":
      return negated(own);
    default:
      return own;
  }
}

/** 16 octets that no CA has given out. */
function unissuedSerial(target: Target): Buffer {
  const octets = derivedOctets(target, "serial", 16);
  octets[0] = 0x40 | ((octets[0] as number) & 0x3f);
  return octets;
}

/** Content octets of minus the number, two's complement, minimal. */
function negated(content: Uint8Array): Buffer {
  const value = BigInt.asIntN(content.length * 8, BigInt(`0x${hex(content)}`));
  const bits = content.length * 8 + 8;
  const octets = bytes(
    BigInt.asUintN(bits, -value)
      .toString(16)
      .padStart(bits / 4, "0"),
  );
  let start = 0;
  while (
    start < octets.length - 1 &&
    ((octets[start] === 0xff && (octets[start + 1] as number) >= 0x80) ||
      (octets[start] === 0 && (octets[start + 1] as number) < 0x80))
  )
    start++;
  return octets.subarray(start);
}

function encodeExtension(target: Target, parts: ExtensionParts, bait: number): Der {
  if ("serviceLocator" in parts)
    return sequence(oid(OID.idPkixOcspServiceLocator), octetString(serviceLocator(target, bait)));
  const isNonce = "nonce" in parts;
  const value = isNonce ? encode(octetString(nonceOctets(target, parts))) : bytes(parts.value);
  const { critical } = parts;
  const flag = critical === undefined ? undefined : primitive(TAG.BOOLEAN, Buffer.of(critical ? 0xff : 0));
  return sequence(oid(isNonce ? OID.idPkixOcspNonce : parts.oid), flag, octetString(value));
}

/** ServiceLocator ::= SEQUENCE { issuer Name, locator AuthorityInfoAccessSyntax } (RFC 6960 4.4.6). */
function serviceLocator({ issuer }: Target, port: number): Uint8Array {
  const url = primitive(contextPrimitive(6), Buffer.from(`http://127.0.0.1:${port}/`, "latin1"));
  return encode(sequence(encoded(issuer.subjectName), sequence(sequence(oid(OID.idAdOcsp), url))));
}

const explicit = (n: number, inner: Der): Der => constructed(contextConstructed(n), inner);

const bytes = (text: string): Buffer => Buffer.from(text, "hex");
