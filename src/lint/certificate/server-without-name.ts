import { OID } from "../../asn1/oid.js";
import { type CertificateRule, extensionOf } from "./rule.js";

/** RFC 9525 2, BR 7.1.2.7.12. */
export const serverWithoutName: CertificateRule = {
  name: "e_ext_san_missing",
  text: "a TLS server certificate has no subjectAltName",
  breaks: (linted) =>
    linted.certificate.extendedKeyUsage?.includes(OID.serverAuth) === true &&
    extensionOf(linted, "subjectAltName") === undefined,
};
