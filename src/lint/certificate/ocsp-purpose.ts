import { OID } from "../../asn1/oid.js";
import type { CertificateRule } from "./rule.js";

/** BR 7.1.2.8.5, standards C3. */
export const ocspPurpose: CertificateRule = {
  name: "sekisho.ocsp_responder_purpose_not_alone",
  text: "extKeyUsage of an OCSP responder is not OCSPSigning alone",
  breaks: ({ certificate: { extendedKeyUsage }, kind }) =>
    kind === "ocsp-responder" && !(extendedKeyUsage?.length === 1 && extendedKeyUsage[0] === OID.ocspSigning),
};
