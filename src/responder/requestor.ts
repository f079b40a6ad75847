import { DerReader } from "../asn1/reader.js";
import { contextConstructed } from "../asn1/tags.js";
import { bytesEqual } from "../core/bytes.js";
import { isSekishoError } from "../core/errors.js";
import type { OcspRequest, RequestSignature } from "../ocsp/request.js";
import type { StatusReader } from "../store/status-reader.js";
import { type Certificate, parseCertificate } from "../x509/certificate.js";
import { isIssuedBy, verifySignature } from "../x509/signature.js";
import type { OcspPolicy } from "./policy.js";
import type { Trust } from "./trust.js";

/** Tag of directoryName in a GeneralName (RFC 5280 4.2.1.6). */
const DIRECTORY_NAME = contextConstructed(4);

/**
 * Why a request is refused where only certain requestors may ask (standards A8, A9, P13); undefined if it is not. Its
 * signature must be by a certificate that comes with it, whose subject is the requestorName, that an allowed issuer has
 * issued, and that is valid and neither revoked nor on hold.
 */
export function requestorRefusal(
  { requestors }: OcspPolicy,
  { signature }: OcspRequest,
  trust: Trust,
  status: StatusReader,
  now: number,
): "sigRequired" | "unauthorized" | undefined {
  if (requestors === undefined) return undefined;
  if (signature === undefined) return "sigRequired";
  const certificate = signer(signature);
  if (certificate === undefined || now < certificate.notBefore || now >= certificate.notAfter)
    return "unauthorized";
  if (certificate.keyUsage !== undefined && !certificate.keyUsage.has("digitalSignature"))
    return "unauthorized";
  const issuer = requestors
    .map((id) => trust.issuerNamed(id))
    .find((each) => each !== undefined && isIssuedBy(certificate, each.certificate));
  if (issuer === undefined || status.row(issuer.issuer, certificate.serialNumber)?.state !== "good")
    return "unauthorized";
  const { tbsRequest, algorithm, signatureBits } = signature;
  return verifySignature(tbsRequest, algorithm, signatureBits, certificate.subjectPublicKeyInfo)
    ? undefined
    : "unauthorized";
}

/** The certificate, among those that came, whose subject is the requestorName. */
function signer({ requestorName, certificates }: RequestSignature): Certificate | undefined {
  if (requestorName === undefined) return undefined;
  const reader = new DerReader(requestorName);
  if (!reader.optional(DIRECTORY_NAME)) return undefined;
  const name = reader.content();
  return certificates
    .map(readCertificate)
    .find((each) => each !== undefined && bytesEqual(each.subjectName, name));
}

function readCertificate(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (isSekishoError(error, "DER_INVALID")) return undefined;
    throw error;
  }
}
