import {
  AuthorityInfoAccessSyntax,
  CRLDistributionPoints,
  type DistributionPoint,
  type GeneralName,
} from "@peculiar/asn1-x509";
import { OID } from "../../asn1/oid.js";
import { parseStrictly } from "../../x509/strict.js";
import { extensionOf, type LintedCertificate } from "./rule.js";

/** Points of cRLDistributionPoints; none when the extension is absent. Throws DER_INVALID. */
export function distributionPoints(linted: LintedCertificate): readonly DistributionPoint[] {
  const extension = extensionOf(linted, "cRLDistributionPoints");
  if (extension === undefined) return [];
  return parseStrictly("cRLDistributionPoints", extension.value, CRLDistributionPoints);
}

/** Locations of one method in authorityInfoAccess; none when the extension is absent. Throws DER_INVALID. */
export function accessLocations(
  linted: LintedCertificate,
  method: "idAdOcsp" | "idAdCaIssuers",
): readonly GeneralName[] {
  const extension = extensionOf(linted, "authorityInfoAccess");
  if (extension === undefined) return [];
  const descriptions = parseStrictly("authorityInfoAccess", extension.value, AuthorityInfoAccessSyntax);
  return descriptions
    .filter(({ accessMethod }) => accessMethod === OID[method])
    .map(({ accessLocation }) => accessLocation);
}

export function isHttp({ uniformResourceIdentifier }: GeneralName): boolean {
  return uniformResourceIdentifier?.startsWith("http://") === true;
}
