import { oid } from "../../src/asn1/oid.js";
import { contextConstructed, TAG } from "../../src/asn1/tags.js";
import {
  bitString,
  constructed,
  type Der,
  encode,
  encoded,
  integer,
  octetString,
  sequence,
} from "../../src/asn1/writer.js";
import { encodeName } from "../../src/x509/name.js";
import { TestSigner } from "./test-ca.js";

export const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";

export interface RequestParts {
  readonly signer?: TestSigner;
  readonly version?: number;
  readonly subjectName?: Uint8Array;
  readonly subjectPublicKeyInfo?: Uint8Array;
  /** Attributes as written; absent: none. */
  readonly attributes?: readonly Der[];
}

/** A PKCS#10 request made of any parts, signed over whatever they are. */
export function craftRequest(parts: RequestParts = {}): Uint8Array {
  const signer = parts.signer ?? new TestSigner("p256");
  const info = sequence(
    integer(parts.version ?? 0),
    encoded(parts.subjectName ?? encodeName([["commonName", "good.example"]])),
    encoded(parts.subjectPublicKeyInfo ?? signer.subjectPublicKeyInfo),
    constructed(contextConstructed(0), ...(parts.attributes ?? [])),
  );
  const signature = signer.signNow(encode(info));
  return encode(sequence(info, encoded(signer.signatureAlgorithm), bitString(signature)));
}

/** An attribute with any number of values. */
export function attribute(type: string, ...values: readonly Der[]): Der {
  return sequence(oid(type), constructed(TAG.SET, ...values));
}

/** The attribute extensionRequest with extensions given as object identifier and hexadecimal value. */
export function extensionRequest(...extensions: readonly (readonly [string, string])[]): Der {
  const list = extensions.map(([type, value]) => sequence(oid(type), octetString(Buffer.from(value, "hex"))));
  return attribute(EXTENSION_REQUEST, sequence(...list));
}
