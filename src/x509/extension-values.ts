import {
  AccessDescription,
  AuthorityInfoAccessSyntax,
  AuthorityKeyIdentifier,
  BasicConstraints,
  CertificatePolicies,
  CRLDistributionPoints,
  DistributionPoint,
  DistributionPointName,
  ExtendedKeyUsage,
  GeneralName,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  PolicyInformation,
  SubjectKeyIdentifier,
} from "@peculiar/asn1-x509";
import { OID } from "../asn1/oid.js";
import type { Der } from "../asn1/writer.js";
import type { ProfileConfig } from "../core/config.js";
import { extension, type KeyUsageName } from "./extensions.js";
import { serialize } from "./strict.js";

/** Where a certificate says that its status and its issuer are found: plain http URLs (standards F22). */
export interface PublicationUrls {
  readonly ocsp: string;
  readonly caIssuers: string;
  readonly crl: string;
}

/** keyIdentifier alone, non-critical (standards I6). */
export function authorityKeyIdentifier(keyIdentifier: Uint8Array): Der {
  const value = new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdentifier) });
  return extension(OID.authorityKeyIdentifier, false, serialize(value));
}

export function subjectKeyIdentifier(keyIdentifier: Uint8Array): Der {
  return extension(OID.subjectKeyIdentifier, false, serialize(new SubjectKeyIdentifier(keyIdentifier)));
}

/** Of a CA certificate: critical, cA TRUE (standards I5). */
export function caBasicConstraints(pathLenConstraint: number | undefined): Der {
  const value = new BasicConstraints({
    cA: true,
    ...(pathLenConstraint === undefined ? {} : { pathLenConstraint }),
  });
  return extension(OID.basicConstraints, true, serialize(value));
}

export function keyUsage(usages: readonly KeyUsageName[]): Der {
  const flags = usages.reduce((sum, usage) => sum | KeyUsageFlags[usage], 0);
  return extension(OID.keyUsage, true, serialize(new KeyUsage(flags)));
}

/** Purposes as dotted object identifiers. */
export function extendedKeyUsage(purposes: readonly string[], critical: boolean): Der {
  return extension(OID.extKeyUsage, critical, serialize(new ExtendedKeyUsage([...purposes])));
}

/** Object identifiers of the purposes that a profile grants. */
export function purposeOids(purposes: ProfileConfig["extendedKeyUsage"]): string[] {
  const named: Record<string, string> = {
    serverAuth: OID.serverAuth,
    clientAuth: OID.clientAuth,
    timeStamping: OID.timeStamping,
    ocspSigning: OID.ocspSigning,
  };
  return purposes.map((purpose) => named[purpose] ?? purpose);
}

export function certificatePolicies(policies: readonly string[]): Der {
  const value = policies.map((policyIdentifier) => new PolicyInformation({ policyIdentifier }));
  return extension(OID.certificatePolicies, false, serialize(new CertificatePolicies(value)));
}

/** One point with fullName alone (standards I8). */
export function crlDistributionPoint(url: string): Der {
  const distributionPoint = new DistributionPointName({ fullName: [uri(url)] });
  const value = new CRLDistributionPoints([new DistributionPoint({ distributionPoint })]);
  return extension(OID.cRLDistributionPoints, false, serialize(value));
}

/** OCSP first, then the issuer's certificate (standards I9). */
export function authorityInfoAccess(urls: PublicationUrls): Der {
  const value = new AuthorityInfoAccessSyntax([
    new AccessDescription({ accessMethod: OID.idAdOcsp, accessLocation: uri(urls.ocsp) }),
    new AccessDescription({ accessMethod: OID.idAdCaIssuers, accessLocation: uri(urls.caIssuers) }),
  ]);
  return extension(OID.authorityInfoAccess, false, serialize(value));
}

function uri(url: string): GeneralName {
  return new GeneralName({ uniformResourceIdentifier: url });
}
