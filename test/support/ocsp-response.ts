import { createHash, type KeyObject, sign, X509Certificate } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import { Certificate } from "@peculiar/asn1-x509";
import {
  encodeOcspResponse,
  encodeResponseData,
  type ResponseTemplate,
  responseTemplate,
  type SingleResponse,
} from "../../src/ocsp/response.js";
import { nonceExtension } from "../../src/ocsp/response-extensions.js";

/** Template of a responder from its certificate (PEM or DER); the key hash is computed without our own code. */
export function templateOf(certificate: Uint8Array, signatureAlgorithm: Uint8Array): ResponseTemplate {
  const { raw } = new X509Certificate(certificate);
  const { subjectPublicKeyInfo } = AsnConvert.parse(raw, Certificate).tbsCertificate;
  const keyHash = createHash("sha1").update(Buffer.from(subjectPublicKeyInfo.subjectPublicKey)).digest();
  return responseTemplate({ keyHash }, signatureAlgorithm, raw);
}

/** A whole OCSPResponse, signed over SHA-256. */
export function signedResponse(
  template: ResponseTemplate,
  key: KeyObject,
  responses: readonly SingleResponse[],
  [thisUpdate, nextUpdate]: readonly [number, number],
  nonce?: Uint8Array,
): Buffer {
  const data = encodeResponseData(
    template,
    responses,
    thisUpdate,
    nextUpdate,
    nonce === undefined ? [] : [nonceExtension(nonce)],
  );
  return encodeOcspResponse(template, data, sign("sha256", data, key));
}
