import { OID } from "../../asn1/oid.js";
import { criticalityOf } from "./criticality.js";
import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2: authorityKeyIdentifier and freshestCRL are not critical, the other two must be. */
export const extensionCriticality: CrlRule = {
  names: ["e_crl_extensions_validity"],
  text: "an extension is critical that must not be, or the other way round",
  breaks: ({ extensions }) =>
    [OID.authorityKeyIdentifier, OID.freshestCRL].some((oid) => criticalityOf(extensions, oid) === true) ||
    [OID.issuingDistributionPoint, OID.deltaCRLIndicator].some(
      (oid) => criticalityOf(extensions, oid) === false,
    ),
};
