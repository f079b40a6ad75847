import { bytesEqual } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";
import { fileChunks } from "../crl/file-chunks.js";
import type { ParsedEntry } from "../crl/parsed-entry.js";
import { readCrl, type SignedCrl } from "../crl/read-crl.js";
import { type Certificate, parseCertificate } from "../x509/certificate.js";
import { nameText } from "../x509/name-text.js";
import { decodePemOrDer } from "../x509/pem.js";
import { publicKey } from "../x509/signature.js";

/** What a CRL file says, for people and for `--json`. Times are unix seconds. */
export interface CrlDescription {
  readonly issuer: string;
  readonly version: number;
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  readonly cRLNumber: bigint | undefined;
  /** BaseCRLNumber of a delta CRL. */
  readonly baseCRLNumber: bigint | undefined;
  readonly authorityKeyIdentifier: Uint8Array | undefined;
  /** URIs of issuingDistributionPoint; empty without one. */
  readonly distributionPoints: readonly string[];
  readonly freshestCRL: readonly string[];
  readonly entries: number;
  /** Entries by CRLReason number. */
  readonly reasonCounts: readonly number[];
  /** Bytes of the file. */
  readonly length: number;
}

/** `stale`: nextUpdate has passed or is missing. `future`: thisUpdate is yet to come. */
export type CrlCurrency = "current" | "stale" | "future";

export interface VerifiedCrl extends CrlDescription {
  readonly currency: CrlCurrency;
}

/**
 * Reads a CRL file without verifying who signed it. `onEntry` sees each entry; the object is used again.
 * Throws CRL_INVALID, or the system's error on the file.
 */
export function showCrl(file: string, onEntry?: (entry: ParsedEntry) => void): CrlDescription {
  return describe(readCrl(fileChunks(file), onEntry === undefined ? {} : { onEntry }));
}

/**
 * Verifies a CRL file against its issuer's certificate (PEM or DER): structure, issuer name, key identifier, cRLSign and
 * signature (standards P28). Being out of date is the caller's to judge: see `currency`.
 * Throws CRL_INVALID with the first thing that is wrong, PEM_INVALID or DER_INVALID on the certificate, or the
 * system's error on the file.
 */
export function verifyCrl(file: string, issuerCertificate: Uint8Array, now: number): VerifiedCrl {
  const issuer = parseCertificate(decodePemOrDer(issuerCertificate, "CERTIFICATE"));
  const key = publicKey(issuer.subjectPublicKeyInfo);
  if (key === undefined) throw new SekishoError("DER_INVALID", "certificate: its public key cannot be used");
  const crl = readCrl(fileChunks(file), { publicKey: key });
  const fault = faultOf(crl, issuer);
  if (fault !== undefined) throw new SekishoError("CRL_INVALID", fault);
  return { ...describe(crl), currency: currencyOf(crl, now) };
}

/** What keeps the list from being this issuer's; undefined if nothing does. */
function faultOf({ header, extensions, signatureValid }: SignedCrl, issuer: Certificate): string | undefined {
  if (!bytesEqual(header.issuerName, issuer.subjectName))
    return "the CRL's issuer is not the subject of the certificate";
  if (issuer.keyUsage?.has("cRLSign") === false) return "the certificate may not sign CRLs: no cRLSign";
  const keyIdentifier = extensions.authorityKeyIdentifier?.keyIdentifier;
  const expected = issuer.subjectKeyIdentifier;
  if (keyIdentifier !== undefined && expected !== undefined && !bytesEqual(keyIdentifier, expected))
    return "the CRL names another key than the certificate's";
  return signatureValid === true ? undefined : "the signature does not verify";
}

function currencyOf({ header: { thisUpdate, nextUpdate } }: SignedCrl, now: number): CrlCurrency {
  if (thisUpdate > now) return "future";
  return nextUpdate === undefined || nextUpdate < now ? "stale" : "current";
}

function describe({ header, extensions, entries, length }: SignedCrl): CrlDescription {
  return {
    issuer: nameText(header.issuerName),
    version: (header.version ?? 0) + 1,
    thisUpdate: header.thisUpdate,
    nextUpdate: header.nextUpdate,
    cRLNumber: extensions.cRLNumber,
    baseCRLNumber: extensions.deltaCRLIndicator,
    authorityKeyIdentifier: extensions.authorityKeyIdentifier?.keyIdentifier,
    distributionPoints: extensions.issuingDistributionPoint?.distributionPoint?.uris ?? [],
    freshestCRL: extensions.freshestCRL?.uris ?? [],
    entries: entries.count,
    reasonCounts: entries.reasonCounts,
    length,
  };
}
