import { bytesEqual } from "../core/bytes.js";
import type { SignedCrl } from "./read-crl.js";

/** The CA that a CRL should be from. */
export interface CrlIssuer {
  /** DER Name. */
  readonly subjectName: Uint8Array;
  readonly subjectKeyIdentifier?: Uint8Array | undefined;
  /** Undefined if the certificate has no keyUsage. */
  readonly keyUsage?: ReadonlySet<string> | undefined;
}

/** What else is known about the CRL that is expected. What is absent is not judged. */
export interface CrlExpectation {
  /** The newest number that was seen of this scope: a list with a lower one is a rollback. */
  readonly lastNumber?: bigint | undefined;
  /** The distribution point in the certificates: a partition, and a delta CRL of one, has to name it (standards H10, K9). */
  readonly url?: string | undefined;
}

/**
 * Why a CRL that was read with the issuer's key must not be relied upon (standards P28); undefined if nothing is against
 * it. What cannot be read at all never gets here. Dates are the caller's to judge.
 */
export function crlFault(
  crl: SignedCrl,
  issuer: CrlIssuer,
  expected: CrlExpectation = {},
): string | undefined {
  return (
    issuerFault(crl, issuer) ?? deltaFormFault(crl) ?? rollback(crl, expected) ?? elsewhere(crl, expected)
  );
}

function issuerFault(
  { header, extensions, signatureValid }: SignedCrl,
  issuer: CrlIssuer,
): string | undefined {
  if (!bytesEqual(header.issuerName, issuer.subjectName))
    return "the CRL's issuer is not the subject of the certificate";
  if (issuer.keyUsage?.has("cRLSign") === false) return "the certificate may not sign CRLs: no cRLSign";
  const keyIdentifier = extensions.authorityKeyIdentifier?.keyIdentifier;
  const expected = issuer.subjectKeyIdentifier;
  if (keyIdentifier !== undefined && expected !== undefined && !bytesEqual(keyIdentifier, expected))
    return "the CRL names another key than the certificate's";
  return signatureValid === true ? undefined : "the signature does not verify";
}

/** RFC 5280 5.2.4: no complete list could be the base of such a delta. */
function deltaFormFault({ extensions: { cRLNumber, deltaCRLIndicator } }: SignedCrl): string | undefined {
  if (deltaCRLIndicator === undefined) return undefined;
  if (cRLNumber === undefined) return "the delta CRL has no number";
  return deltaCRLIndicator < cRLNumber
    ? undefined
    : "the delta CRL builds on a number that is not below its own";
}

function rollback(
  { extensions: { cRLNumber } }: SignedCrl,
  { lastNumber }: CrlExpectation,
): string | undefined {
  if (lastNumber === undefined || (cRLNumber !== undefined && cRLNumber >= lastNumber)) return undefined;
  const found = cRLNumber === undefined ? "it has no number" : `its number is ${cRLNumber}`;
  return `rollback: ${found}, ${lastNumber} was seen already`;
}

/** A list without distribution point covers what the issuer certified, wherever it lies. */
function elsewhere({ extensions }: SignedCrl, { url }: CrlExpectation): string | undefined {
  const names = extensions.issuingDistributionPoint?.distributionPoint;
  if (url === undefined || names === undefined || names.uris.includes(url)) return undefined;
  return `it is the list of ${names.uris.join(", ") || "another distribution point"}, not of ${url}`;
}
