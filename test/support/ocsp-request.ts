import { createHash } from "node:crypto";
import { OID, oid } from "../../src/asn1/oid.js";
import { contextConstructed, TAG } from "../../src/asn1/tags.js";
import {
  bitString,
  constructed,
  type Der,
  encode,
  integer,
  nullValue,
  octetString,
  primitive,
  sequence,
  unsignedInteger,
} from "../../src/asn1/writer.js";
import type { CertIDHash } from "../../src/ocsp/request.js";

const digest = (hash: CertIDHash, text: string): Buffer => createHash(hash).update(text).digest();

export interface CertIDParts {
  readonly hash?: CertIDHash;
  /** Dotted object identifier in place of the hash's own. */
  readonly algorithm?: string;
  readonly parameters?: Der | undefined;
  readonly nameHash?: Uint8Array;
  readonly keyHash?: Uint8Array;
  /** The INTEGER element; a number stands for its magnitude. */
  readonly serial?: number | Der;
}

/** A CertID of the issuer with name "name" and key "key", serial 0x1234, unless said otherwise. */
export function certID(parts: CertIDParts = {}): Der {
  const hash = parts.hash ?? "sha1";
  const { serial = 0x1234 } = parts;
  return sequence(
    sequence(oid(parts.algorithm ?? OID[hash]), "parameters" in parts ? parts.parameters : nullValue),
    octetString(parts.nameHash ?? digest(hash, "name")),
    octetString(parts.keyHash ?? digest(hash, "key")),
    typeof serial === "number" ? integer(serial) : serial,
  );
}

/** INTEGER element from its content octets, minimal or not. */
export const integerContent = (hex: string): Der => primitive(TAG.INTEGER, Buffer.from(hex, "hex"));

export const unsigned = (octets: number): Der => unsignedInteger(new Uint8Array(octets).fill(0x7f));

/** An Extension; `critical` is written as given, absent when undefined. */
export function extension(type: string, value: Der | Uint8Array, critical?: boolean): Der {
  const content = value instanceof Uint8Array ? value : encode(value);
  const flag =
    critical === undefined ? undefined : primitive(TAG.BOOLEAN, Uint8Array.of(critical ? 0xff : 0));
  return sequence(oid(type), flag, octetString(content));
}

export const nonce = (octets: number, critical?: boolean): Der =>
  extension(OID.idPkixOcspNonce, octetString(new Uint8Array(octets).fill(0xab)), critical);

export const acceptableResponses = (...types: readonly string[]): Der =>
  extension(OID.idPkixOcspResponse, sequence(...types.map(oid)));

export interface OcspRequestParts {
  readonly version?: number;
  /** GeneralName element. */
  readonly requestorName?: Der;
  /** Elements of requestList; one Request with `certID()` unless given. */
  readonly requests?: readonly Der[];
  /** Elements of requestExtensions; absent: none. */
  readonly extensions?: readonly Der[];
  /** In optionalSignature: number of certificates. */
  readonly signatureCertificates?: number;
}

export const request = (id: Der = certID(), ...extensions: readonly Der[]): Der =>
  sequence(
    id,
    extensions.length === 0 ? undefined : constructed(contextConstructed(0), sequence(...extensions)),
  );

/** An OCSPRequest of any parts (RFC 6960 4.1.1). */
export function ocspRequest(parts: OcspRequestParts = {}): Uint8Array {
  const { version, requestorName, extensions, signatureCertificates } = parts;
  const explicit = (n: number, inner: Der | undefined): Der | undefined =>
    inner === undefined ? undefined : constructed(contextConstructed(n), inner);
  const certificates = Array.from({ length: signatureCertificates ?? 0 }, () => sequence());
  const signature = sequence(
    sequence(oid(OID.sha256WithRSAEncryption), nullValue),
    bitString(new Uint8Array(256)),
    explicit(0, certificates.length === 0 ? undefined : sequence(...certificates)),
  );
  return encode(
    sequence(
      sequence(
        explicit(0, version === undefined ? undefined : integer(version)),
        explicit(1, requestorName),
        sequence(...(parts.requests ?? [request()])),
        explicit(2, extensions === undefined ? undefined : sequence(...extensions)),
      ),
      explicit(0, signatureCertificates === undefined ? undefined : signature),
    ),
  );
}
