import { type CertificateRule, extensionOf, isPublished } from "./rule.js";
import { accessLocations } from "./urls.js";

/** Standards I9. */
export const accessIncomplete: CertificateRule = {
  name: "sekisho.authority_info_access_incomplete",
  text: "authorityInfoAccess lacks the OCSP or caIssuers location, or is critical",
  breaks: (linted) => {
    if (!isPublished(linted.kind)) return false;
    if (extensionOf(linted, "authorityInfoAccess")?.critical === true) return true;
    return (
      accessLocations(linted, "idAdOcsp").length === 0 ||
      accessLocations(linted, "idAdCaIssuers").length === 0
    );
  },
};
