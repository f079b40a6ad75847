import { OID } from "../../asn1/oid.js";
import { type CertificateRule, extensionOf } from "./rule.js";

/** RFC 3161 2.3, standards I10. */
export const timeStampingPurpose: CertificateRule = {
  name: "sekisho.time_stamping_purpose_not_alone_and_critical",
  text: "extKeyUsage with timeStamping is not critical or has other purposes",
  breaks: (linted) => {
    const purposes = linted.certificate.extendedKeyUsage ?? [];
    if (!purposes.includes(OID.timeStamping)) return false;
    return purposes.length > 1 || extensionOf(linted, "extKeyUsage")?.critical !== true;
  },
};
