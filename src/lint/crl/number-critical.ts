import { OID } from "../../asn1/oid.js";
import { criticalityOf } from "./criticality.js";
import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2.3. */
export const numberCritical: CrlRule = {
  names: ["pkix.crl_number_extension_critical"],
  text: "cRLNumber is critical",
  breaks: ({ extensions }) => criticalityOf(extensions, OID.cRLNumber) === true,
};
