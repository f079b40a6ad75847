import { OID } from "../../asn1/oid.js";
import type { CertificateRule } from "./rule.js";

const ANY_PURPOSE = "2.5.29.37.0";

/** Standards C1: whoever holds such a certificate answers for the whole issuer. */
export const ocspSigningOutsideResponder: CertificateRule = {
  name: "sekisho.ocsp_signing_outside_responder",
  text: "extKeyUsage has OCSPSigning or anyExtendedKeyUsage in a certificate that is no responder's",
  breaks: ({ certificate: { extendedKeyUsage = [] }, kind }) =>
    kind !== "ocsp-responder" &&
    extendedKeyUsage.some((purpose) => purpose === OID.ocspSigning || purpose === ANY_PURPOSE),
};
