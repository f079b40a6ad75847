import { OID } from "../../asn1/oid.js";
import type { CrlRule } from "./rule.js";

const RECOMMENDED: readonly string[] = [
  OID.authorityKeyIdentifier,
  OID.cRLNumber,
  OID.issuingDistributionPoint,
];

/** BR 7.2.2, standards J12, R2. */
export const extensionNotRecommended: CrlRule = {
  names: ["sekisho.crl_extension_not_recommended"],
  text: "the list has an extension that the Baseline Requirements do not recommend",
  profile: "cabf-br",
  breaks: ({ extensions }) => extensions.list.some(({ oid }) => !RECOMMENDED.includes(oid)),
};
