import { bytesEqual, hex } from "../../src/core/bytes.js";
import { isSekishoError } from "../../src/core/errors.js";
import { type Certificate, parseCertificate } from "../../src/x509/certificate.js";
import { keyIdentifier } from "../../src/x509/issuer-identity.js";
import type { BasicAnswer } from "./ocsp-answer.js";
import { signatureVerifies } from "./signature.js";

/** The certificates in the answer that can be read, then the issuer's own. */
function candidates({ certificates = [] }: BasicAnswer, issuer: Certificate): Certificate[] {
  const read = certificates.map((der) => readOnce(der));
  return [...read.filter((certificate) => certificate !== undefined), issuer];
}

const signers = new WeakMap<BasicAnswer, Certificate | undefined>();

/** The certificate with whose key the answer's signature verifies; undefined if there is none. */
export function signerOf(basic: BasicAnswer, issuer: Certificate): Certificate | undefined {
  if (!signers.has(basic)) signers.set(basic, findSigner(basic, issuer));
  return signers.get(basic);
}

function findSigner(basic: BasicAnswer, issuer: Certificate): Certificate | undefined {
  const { responseData, signatureAlgorithm, signature } = basic;
  return candidates(basic, issuer).find(({ subjectPublicKeyInfo }) =>
    signatureVerifies(responseData, signatureAlgorithm, signature, subjectPublicKeyInfo),
  );
}

/** True if the responderID names the certificate: its exact subject, or SHA-1 of its key (RFC 6960 4.2.1). */
export function namesCertificate(
  responderID: BasicAnswer["responderID"],
  { subjectName, subjectPublicKeyBits }: Certificate,
): boolean {
  if ("name" in responderID) return bytesEqual(responderID.name, subjectName);
  return bytesEqual(responderID.keyHash, keyIdentifier(subjectPublicKeyBits));
}

/** Certificates by their bytes: a responder sends the same one with every answer. */
const known = new Map<string, Certificate | undefined>();

/** Undefined for one that is not a version 3 certificate in strict DER. */
export function readOnce(der: Uint8Array): Certificate | undefined {
  const key = hex(der);
  if (!known.has(key)) known.set(key, readOrUndefined(der));
  return known.get(key);
}

function readOrUndefined(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (isSekishoError(error, "DER_INVALID")) return undefined;
    throw error;
  }
}
