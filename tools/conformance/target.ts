import { createHash, randomBytes, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { SekishoError } from "../../src/core/errors.js";
import { type Certificate, parseCertificate } from "../../src/x509/certificate.js";
import { signatureVerifies } from "./signature.js";

/** The rules that the answers are measured by: RFCs alone, or the Baseline Requirements and root programs too. */
export type Profile = "pkix" | "cabf-br";

/** The responder under test and what is known of its issuer. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** For the Host field. */
  readonly authority: string;
  /** Path of the URL as given, "/" for none. */
  readonly path: string;
  readonly issuer: Certificate;
  readonly good: Certificate;
  readonly revoked: Certificate;
  readonly profile: Profile;
  /** Makes nonces and the serial number that nobody issued different in each run. */
  readonly seed: Buffer;
}

/** The issuer, and two of its certificates. */
export type Certificates = Pick<Target, "issuer" | "good" | "revoked">;

/** Reads the certificates from files, PEM or DER. Throws USAGE, FILE_ACCESS, DER_INVALID. */
export function readCertificates(files: Readonly<Record<keyof Certificates, string>>): Certificates {
  const issuer = readCertificate(files.issuer);
  const subject = (file: string): Certificate => {
    const certificate = readCertificate(file);
    const { tbsCertificate, signatureAlgorithm, signatureBits } = certificate;
    const { subjectPublicKeyInfo } = issuer;
    if (!signatureVerifies(tbsCertificate, signatureAlgorithm, signatureBits, subjectPublicKeyInfo))
      throw new SekishoError(
        "USAGE",
        `${file}: the certificate is not signed with the key of ${files.issuer}`,
      );
    return certificate;
  };
  return { issuer, good: subject(files.good), revoked: subject(files.revoked) };
}

/** Throws USAGE. */
export function makeTarget(url: URL, certificates: Certificates, profile: Profile): Target {
  if (url.protocol !== "http:" || url.username !== "" || url.search !== "" || url.hash !== "")
    throw new SekishoError(
      "USAGE",
      "--url: expected http://HOST[:PORT][/PATH]; OCSP is asked for over plain HTTP",
    );
  return {
    ...certificates,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || 80),
    authority: url.host,
    path: url.pathname,
    profile,
    seed: randomBytes(16),
  };
}

/** True for a host that is certainly this machine. */
export function isLoopback(url: URL): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
}

/** Octets that follow from the run and a label. */
export function derivedOctets({ seed }: Target, label: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
    createHash("sha256").update(seed).update(`${label} ${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

/** PEM or DER; text around the PEM block, as `openssl ca` writes it, is allowed. */
function readCertificate(file: string): Certificate {
  const bytes = readFileSync(file);
  let raw: Buffer;
  try {
    raw = new X509Certificate(bytes).raw;
  } catch {
    throw new SekishoError("USAGE", `${file}: not a certificate in PEM or DER`);
  }
  return parseCertificate(raw);
}
