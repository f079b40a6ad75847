import { OID } from "../asn1/oid.js";
import type { Certificate } from "../x509/certificate.js";
import { findExtension } from "../x509/extensions.js";
import { isIssuedBy } from "../x509/signature.js";

/** Why a certificate may not sign OCSP answers for the issuer (standards C1, C3, C4, C12); undefined if it may. */
export function delegateFault(delegate: Certificate, issuer: Certificate): string | undefined {
  if (!isIssuedBy(delegate, issuer)) return "not issued by this CA with its present key";
  if (delegate.extendedKeyUsage?.join() !== OID.ocspSigning)
    return "extended key usage is not OCSPSigning alone";
  if (findExtension(delegate.extensions, OID.idPkixOcspNocheck) === undefined)
    return "id-pkix-ocsp-nocheck is missing";
  return undefined;
}
