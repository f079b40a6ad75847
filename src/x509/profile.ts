import { OID } from "../asn1/oid.js";
import { contextConstructed } from "../asn1/tags.js";
import { MAX_TIME, time } from "../asn1/time.js";
import {
  constructed,
  type Der,
  encode,
  encoded,
  integer,
  nullValue,
  sequence,
  unsignedInteger,
} from "../asn1/writer.js";
import type { ProfileConfig } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import { subjectPublicKeyBits, type TbsCertificate } from "./certificate.js";
import type { CertificationRequest } from "./certification-request.js";
import {
  authorityInfoAccess,
  authorityKeyIdentifier,
  caBasicConstraints,
  certificatePolicies,
  crlDistributionPoint,
  extendedKeyUsage,
  keyUsage,
  type PublicationUrls,
  purposeOids,
  subjectKeyIdentifier,
} from "./extension-values.js";
import { extension, type KeyUsageName } from "./extensions.js";
import { keyIdentifier } from "./issuer-identity.js";
import { checkPublicKey } from "./public-key.js";
import { readDer } from "./read-der.js";
import { grantedFields } from "./requested-fields.js";
import { type AlternativeName, encodeAlternativeNames } from "./subject-alt-name.js";

/** What the issuer decides about a certificate, whoever it is for. */
export interface IssuanceTerms {
  readonly profile: ProfileConfig;
  /** Dotted object identifiers for certificatePolicies; a root and an OCSP responder carry none. */
  readonly policies: readonly string[];
  /** Certificate of the issuer; undefined: self-signed. */
  readonly issuer: TbsCertificate | undefined;
  /** Magnitude, reserved by the caller (standards I1). */
  readonly serialNumber: Uint8Array;
  /** notBefore, unix seconds. */
  readonly now: number;
  /** DER AlgorithmIdentifier of the issuer's signer. */
  readonly signatureAlgorithm: Uint8Array;
  /** Left out of a root and an OCSP responder (standards C6, C7, I8). */
  readonly urls: PublicationUrls;
}

/** Whom a certificate is for. */
export interface SubjectFields {
  /** DER Name, taken over byte for byte. */
  readonly subjectName: Uint8Array;
  readonly subjectPublicKeyInfo: Uint8Array;
  readonly alternativeNames: readonly AlternativeName[];
}

/**
 * TBSCertificate for a request: of what it asks for, only what the profile allows (standards I18). Throws CSR_FIELD
 * naming the field or extension that it does not.
 */
export function certificateFromRequest(request: CertificationRequest, terms: IssuanceTerms): Uint8Array {
  const { subjectName, alternativeNames } = grantedFields(request, terms.profile);
  const { subjectPublicKeyInfo } = request;
  return tbsCertificate({ subjectName, alternativeNames, subjectPublicKeyInfo }, terms);
}

/**
 * TBSCertificate (RFC 5280 4.1.2) by a profile. Names and key of subject and issuer are copied byte for byte (standards
 * I4); notAfter is inclusive and never past the issuer's (I3, I12). The caller lints, signs and assembles it. Throws
 * CSR_KEY for a key that is not certified.
 */
export function tbsCertificate(subject: SubjectFields, terms: IssuanceTerms): Uint8Array {
  const { issuer, now, profile } = terms;
  const notAfter = Math.min(now + profile.validity - 1, issuer?.notAfter ?? MAX_TIME);
  return encode(
    sequence(
      constructed(contextConstructed(0), integer(2)),
      unsignedInteger(terms.serialNumber),
      encoded(terms.signatureAlgorithm),
      encoded(issuer?.subjectName ?? subject.subjectName),
      sequence(time(now), time(notAfter)),
      encoded(subject.subjectName),
      encoded(subject.subjectPublicKeyInfo),
      constructed(contextConstructed(3), sequence(...extensions(subject, terms))),
    ),
  );
}

function extensions(subject: SubjectFields, terms: IssuanceTerms): (Der | undefined)[] {
  const { issuer, profile } = terms;
  const { kind } = profile;
  const isCa = kind === "root" || kind === "subordinate-ca";
  const isPublished = kind === "subordinate-ca" || kind === "end-entity";
  const keyBits = readDer("subjectPublicKeyInfo", () => subjectPublicKeyBits(subject.subjectPublicKeyInfo));
  return [
    issuer && authorityKeyIdentifier(issuerKeyIdentifier(issuer)),
    subjectKeyIdentifier(keyIdentifier(keyBits)),
    isCa ? caBasicConstraints(profile.pathLength) : undefined,
    keyUsage(usagesOfKey(profile.keyUsage, subject.subjectPublicKeyInfo)),
    purposesOf(profile),
    kind === "ocsp-responder" ? ocspNocheck : undefined,
    isPublished && terms.policies.length > 0 ? certificatePolicies(terms.policies) : undefined,
    subject.alternativeNames.length > 0
      ? extension(OID.subjectAltName, false, encodeAlternativeNames(subject.alternativeNames))
      : undefined,
    isPublished ? crlDistributionPoint(terms.urls.crl) : undefined,
    isPublished ? authorityInfoAccess(terms.urls) : undefined,
  ];
}

/** id-pkix-ocsp-nocheck with the value NULL (RFC 6960 4.2.2.2.1, standards C4). */
const ocspNocheck: Der = extension(OID.idPkixOcspNocheck, false, encode(nullValue));

function issuerKeyIdentifier(issuer: TbsCertificate): Uint8Array {
  if (issuer.subjectKeyIdentifier === undefined)
    throw new SekishoError("LINT_FAILED", "the issuer's certificate has no subjectKeyIdentifier");
  return issuer.subjectKeyIdentifier;
}

/** Leaves out usages that a key of its type cannot serve (RFC 3279 2.3.1, RFC 8813 3). */
function usagesOfKey(usages: readonly KeyUsageName[], subjectPublicKeyInfo: Uint8Array): KeyUsageName[] {
  const impossible: KeyUsageName[] = checkPublicKey(subjectPublicKeyInfo).startsWith("rsa")
    ? ["keyAgreement"]
    : ["keyEncipherment", "dataEncipherment"];
  return usages.filter((usage) => !impossible.includes(usage));
}

/** timeStamping is always critical (RFC 3161 2.3, standards I10); an OCSP responder always has its purpose (C1). */
function purposesOf(profile: ProfileConfig): Der | undefined {
  const implied = profile.kind === "ocsp-responder" ? [OID.ocspSigning] : [];
  const purposes = [...new Set([...implied, ...purposeOids(profile.extendedKeyUsage)])];
  if (purposes.length === 0) return undefined;
  return extendedKeyUsage(purposes, profile.extendedKeyUsageCritical || purposes.includes(OID.timeStamping));
}
