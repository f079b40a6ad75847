import { OID } from "../../asn1/oid.js";
import type { CertificateRule } from "./rule.js";

/** basicConstraints, cRLDistributionPoints and certificatePolicies have rules of their own. */
const ALLOWED: ReadonlySet<string> = new Set([
  OID.authorityKeyIdentifier,
  OID.subjectKeyIdentifier,
  OID.keyUsage,
  OID.extKeyUsage,
  OID.idPkixOcspNocheck,
  OID.basicConstraints,
  OID.cRLDistributionPoints,
  OID.certificatePolicies,
]);

/** BR 7.1.2.8.2, standards C6, C7: no names, no constraints, no authorityInfoAccess, which would loop. */
export const ocspOtherExtension: CertificateRule = {
  name: "sekisho.ocsp_responder_extension_not_allowed",
  text: "an OCSP responder's certificate has an extension that its profile does not know",
  breaks: ({ certificate, kind }) =>
    kind === "ocsp-responder" && certificate.extensions.some(({ oid }) => !ALLOWED.has(oid)),
};
