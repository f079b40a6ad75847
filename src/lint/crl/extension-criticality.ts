import { OID } from "../../asn1/oid.js";
import { criticalityOf } from "./criticality.js";
import type { CrlRule } from "./rule.js";

/** RFC 5280 5.2, standards H1, H9, L6, K3. cRLNumber has a rule of its own. */
const CRITICAL = [OID.issuingDistributionPoint, OID.deltaCRLIndicator];
const NOT_CRITICAL = [OID.authorityKeyIdentifier, OID.freshestCRL, OID.expiredCertsOnCRL, OID.nextPublish];

export const extensionCriticality: CrlRule = {
  names: ["e_crl_extensions_validity"],
  text: "an extension is critical that must not be, or the other way round",
  breaks: ({ extensions }) =>
    NOT_CRITICAL.some((oid) => criticalityOf(extensions, oid) === true) ||
    CRITICAL.some((oid) => criticalityOf(extensions, oid) === false),
};
