import { OID } from "../../asn1/oid.js";
import { criticalityOf } from "./criticality.js";
import type { CrlRule } from "./rule.js";

/** Standards J12. */
export const hasAuthorityInfoAccess: CrlRule = {
  names: ["e_crl_has_no_aia"],
  text: "the list has authorityInfoAccess",
  profile: "cabf-br",
  breaks: ({ extensions }) => criticalityOf(extensions, OID.authorityInfoAccess) !== undefined,
};
