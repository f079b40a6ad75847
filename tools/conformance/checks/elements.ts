import { OID, oid } from "../../../src/asn1/oid.js";
import { contextConstructed, contextPrimitive, TAG } from "../../../src/asn1/tags.js";
import {
  bitString,
  constructed,
  type Der,
  encode,
  encoded,
  nullValue,
  octetString,
  primitive,
  sequence,
} from "../../../src/asn1/writer.js";
import { hex } from "../../../src/core/bytes.js";
import { encodeName } from "../../../src/x509/name.js";
import type { ExtensionParts } from "../request-parts.js";

/** Pieces of requests that several tables use, in hexadecimal. */

const element = (der: Der): string => hex(encode(der));

/** An extension of nobody's. */
export const UNKNOWN_EXTENSION = { oid: "1.3.6.1.4.1.99999.1.1", value: "0500" } as const;

/** The same, different ones. */
export const unknownExtensions = (count: number): ExtensionParts[] =>
  Array.from({ length: count }, (_, i) => ({ oid: `1.3.6.1.4.1.99999.1.${i + 1}`, value: "0500" }));

export const DIRECTORY_NAME = element(
  constructed(contextConstructed(4), encoded(encodeName([["commonName", "Sekisho conformance kit"]]))),
);
export const RFC822_NAME = element(primitive(contextPrimitive(1), Buffer.from("kit@example.com")));

const RSA_SHA256 = sequence(oid(OID.sha256WithRSAEncryption), nullValue);

/** A Signature (RFC 6960 4.1.1) that verifies with no key, with so many empty SEQUENCEs as certificates. */
export function signature(certificates: number): string {
  const certs = constructed(
    contextConstructed(0),
    sequence(...Array.from({ length: certificates }, () => sequence())),
  );
  return element(
    sequence(RSA_SHA256, bitString(new Uint8Array(256).fill(0x55)), certificates === 0 ? undefined : certs),
  );
}

export const SIGNATURE_GARBAGE = signature(0);

/** AcceptableResponses with these types (RFC 6960 4.4.3). */
export const acceptableResponses = (...types: string[]): ExtensionParts => ({
  oid: OID.idPkixOcspResponse,
  value: element(sequence(...types.map(oid))),
});

/** PreferredSignatureAlgorithms with these sigIdentifiers (RFC 6960 4.4.7). */
export const preferredAlgorithms = (...algorithms: string[]): ExtensionParts => ({
  oid: OID.idPkixOcspPrefSigAlgs,
  value: element(sequence(...algorithms.map((algorithm) => sequence(sequence(oid(algorithm)))))),
});

/** A nonce extension whose extnValue is these octets, whatever they are. */
export const rawNonce = (value: string): ExtensionParts => ({ oid: OID.idPkixOcspNonce, value });

export const octets = (content: string): string => element(octetString(Buffer.from(content, "hex")));

/** SEQUENCEs in each other. */
export function nested(depth: number): string {
  let der = Buffer.alloc(0);
  for (let i = 0; i < depth; i++) der = Buffer.from(encode(primitive(TAG.SEQUENCE, der)));
  return hex(der);
}
