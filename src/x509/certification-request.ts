import { OID, oid, oidText } from "../asn1/oid.js";
import { DerError, DerReader } from "../asn1/reader.js";
import { assertStrictDer } from "../asn1/strict-der.js";
import { contextConstructed, TAG } from "../asn1/tags.js";
import { bitString, constructed, encode, encoded, integer, sequence } from "../asn1/writer.js";
import { SekishoError } from "../core/errors.js";
import { subjectPublicKeyBits } from "./certificate.js";
import { type Extension, extension, readExtensions, repeatedExtension } from "./extensions.js";
import { checkPublicKey } from "./public-key.js";
import { readDer } from "./read-der.js";
import { isAcceptedAlgorithm, verifySignature } from "./signature.js";
import { type AlternativeName, encodeAlternativeNames } from "./subject-alt-name.js";

/** Requests that are read at all (standards P27). */
export const MAX_REQUEST_BYTES = 64 * 1024;

/** pkcs-9-at-extensionRequest (RFC 2985 5.4.2). */
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";

/** A PKCS#10 request whose sender has proven to hold the private key. Bytes are borrowed from `der`. */
export interface CertificationRequest {
  readonly der: Uint8Array;
  /** DER Name as asked for: not authority (standards I18). */
  readonly subjectName: Uint8Array;
  readonly subjectPublicKeyInfo: Uint8Array;
  readonly subjectPublicKeyBits: Uint8Array;
  /** What extensionRequest asks for; no extension twice. */
  readonly extensions: readonly Extension[];
}

/** What `buildCertificationRequest` needs; the private key stays where it is. */
export interface RequestInput {
  /** DER Name. */
  readonly subjectName: Uint8Array;
  readonly alternativeNames?: readonly AlternativeName[];
  readonly subjectPublicKeyInfo: Uint8Array;
  /** DER AlgorithmIdentifier of what `sign` makes. */
  readonly signatureAlgorithm: Uint8Array;
  sign(certificationRequestInfo: Uint8Array): Promise<Uint8Array>;
}

/**
 * Parses a PKCS#10 request (RFC 2986) and checks its key and its signature, the proof of possession (standards I17,
 * I19, I20, P27). Throws DER_INVALID, CSR_FIELD (attribute that is not known), CSR_KEY or CSR_SIGNATURE.
 */
export function parseCertificationRequest(der: Uint8Array): CertificationRequest {
  if (der.length > MAX_REQUEST_BYTES)
    throw new SekishoError("DER_INVALID", `certification request: more than ${MAX_REQUEST_BYTES} bytes`);
  const parts = readDer("certification request", () => {
    assertStrictDer(der);
    return readRequest(der);
  });
  const { certificationRequestInfo, signatureAlgorithm, signatureBits, ...request } = parts;
  const repeated = repeatedExtension(request.extensions);
  if (repeated !== undefined) throw new SekishoError("CSR_FIELD", `extension ${repeated} is requested twice`);
  checkPublicKey(request.subjectPublicKeyInfo);
  if (!isAcceptedAlgorithm(signatureAlgorithm))
    throw new SekishoError("CSR_SIGNATURE", "the signature algorithm is not one of RSA or ECDSA with SHA-2");
  if (
    !verifySignature(
      certificationRequestInfo,
      signatureAlgorithm,
      signatureBits,
      request.subjectPublicKeyInfo,
    )
  )
    throw new SekishoError("CSR_SIGNATURE", "the signature does not verify with the request's own key");
  return request;
}

/** DER of a new PKCS#10 request, signed by `input.sign`. */
export async function buildCertificationRequest(input: RequestInput): Promise<Uint8Array> {
  const names = input.alternativeNames ?? [];
  const extensionRequest = sequence(
    oid(EXTENSION_REQUEST),
    constructed(TAG.SET, sequence(extension(OID.subjectAltName, false, encodeAlternativeNames(names)))),
  );
  const info = sequence(
    integer(0),
    encoded(input.subjectName),
    encoded(input.subjectPublicKeyInfo),
    constructed(contextConstructed(0), names.length > 0 ? extensionRequest : undefined),
  );
  const signature = await input.sign(encode(info));
  return encode(sequence(info, encoded(input.signatureAlgorithm), bitString(signature)));
}

interface RequestParts extends CertificationRequest {
  readonly certificationRequestInfo: Uint8Array;
  readonly signatureAlgorithm: Uint8Array;
  readonly signatureBits: Uint8Array;
}

function readRequest(der: Uint8Array): RequestParts {
  const reader = new DerReader(der);
  const outerEnd = reader.enter(TAG.SEQUENCE);
  reader.next(TAG.SEQUENCE);
  const certificationRequestInfo = reader.element();
  reader.next(TAG.SEQUENCE);
  const signatureAlgorithm = reader.element();
  if (reader.bitString() !== 0) throw new DerError("bit-string-unused-bits", reader.header);
  const signatureBits = reader.content();
  reader.leave(outerEnd);
  return {
    der,
    ...readRequestInfo(certificationRequestInfo),
    certificationRequestInfo,
    signatureAlgorithm,
    signatureBits,
  };
}

function readRequestInfo(info: Uint8Array): Omit<CertificationRequest, "der"> {
  const reader = new DerReader(info);
  const outerEnd = reader.enter(TAG.SEQUENCE);
  if (reader.smallInteger() !== 0) throw new DerError("integer-out-of-range", reader.header);
  reader.next(TAG.SEQUENCE);
  const subjectName = reader.element();
  reader.next(TAG.SEQUENCE);
  const subjectPublicKeyInfo = reader.element();
  const extensions = readAttributes(reader);
  reader.leave(outerEnd);
  return {
    subjectName,
    subjectPublicKeyInfo,
    subjectPublicKeyBits: subjectPublicKeyBits(subjectPublicKeyInfo),
    extensions,
  };
}

/** Attributes: at most one extensionRequest with one value; any other attribute is refused (standards I18). */
function readAttributes(reader: DerReader): readonly Extension[] {
  let extensions: readonly Extension[] | undefined;
  const outerEnd = reader.enter(contextConstructed(0));
  while (reader.more) {
    const attributeEnd = reader.enter(TAG.SEQUENCE);
    reader.oid();
    const type = oidText(reader.content());
    if (type !== EXTENSION_REQUEST) throw new SekishoError("CSR_FIELD", `attribute ${type} is not allowed`);
    if (extensions !== undefined) throw new SekishoError("CSR_FIELD", "extensionRequest stands twice");
    const valuesEnd = reader.enter(TAG.SET);
    extensions = readExtensions(reader);
    reader.leave(valuesEnd);
    reader.leave(attributeEnd);
  }
  reader.leave(outerEnd);
  return extensions ?? [];
}
