import { hex } from "../../core/bytes.js";
import { type CertificateRule, extensionOf } from "./rule.js";

/** BR 7.1.2.8.6, standards C4. */
export const ocspNocheck: CertificateRule = {
  name: "e_ocsp_id_pkix_ocsp_nocheck_ext_not_included_server_auth",
  text: "id-pkix-ocsp-nocheck of an OCSP responder is missing, critical or not NULL",
  breaks: (linted) => {
    if (linted.kind !== "ocsp-responder") return false;
    const extension = extensionOf(linted, "idPkixOcspNocheck");
    return extension === undefined || extension.critical || hex(extension.value) !== "0500";
  },
};
