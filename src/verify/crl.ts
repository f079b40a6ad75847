import type { KeyObject } from "node:crypto";
import { SekishoError } from "../core/errors.js";
import { type CrlExpectation, crlFault } from "../crl/crl-fault.js";
import type { SignedCrl } from "../crl/read-crl.js";
import { type Certificate, parseCertificate } from "../x509/certificate.js";
import { decodePemOrDer } from "../x509/pem.js";
import { publicKey } from "../x509/signature.js";
import { readCrlFile } from "./crl-file.js";

/** `stale`: nextUpdate has passed or is missing. `future`: thisUpdate is yet to come. */
export type CrlCurrency = "current" | "stale" | "future";

/** A file whose CRL is the issuer's. */
export interface VerifiedCrl {
  readonly file: string;
  readonly crl: SignedCrl;
  readonly currency: CrlCurrency;
}

/** The certificate of a CRL's issuer, and its key. */
export interface CrlSigner {
  readonly certificate: Certificate;
  readonly key: KeyObject;
}

/** Reads the certificate of a CRL's issuer, PEM or DER. Throws PEM_INVALID or DER_INVALID. */
export function crlSigner(issuerCertificate: Uint8Array): CrlSigner {
  const certificate = parseCertificate(decodePemOrDer(issuerCertificate, "CERTIFICATE"));
  const key = publicKey(certificate.subjectPublicKeyInfo);
  if (key === undefined) throw new SekishoError("DER_INVALID", "certificate: its public key cannot be used");
  return { certificate, key };
}

/**
 * Verifies a CRL file against its issuer: structure, issuer name, key identifier, cRLSign, signature, and what else is
 * expected (standards P28). Being out of date is the caller's to judge: see `currency`. `now` is in unix seconds.
 * Throws CRL_INVALID with the first thing that is wrong, or the system's error on the file.
 */
export function verifyCrl(
  file: string,
  { certificate, key }: CrlSigner,
  now: number,
  expected: CrlExpectation = {},
): VerifiedCrl {
  const crl = readCrlFile(file, { publicKey: key });
  const fault = crlFault(crl, certificate, expected);
  if (fault !== undefined) throw new SekishoError("CRL_INVALID", `${file}: ${fault}`);
  return { file, crl, currency: currencyOf(crl, now) };
}

function currencyOf({ header: { thisUpdate, nextUpdate } }: SignedCrl, now: number): CrlCurrency {
  if (thisUpdate > now) return "future";
  return nextUpdate === undefined || nextUpdate < now ? "stale" : "current";
}
