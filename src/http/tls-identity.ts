import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { SekishoError } from "../core/errors.js";
import { readPrivateFile } from "../core/private-file.js";
import { secureContext, type TlsIdentity } from "./tls.js";

/** Chains of a few certificates have some KiB. */
const MAX_FILE_BYTES = 64 * 1024;
const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[A-Za-z0-9+/=\s]+-----END \1-----/g;

/**
 * Reads certificate chain and private key. Throws TLS_FILES, without anything of the key, if a file cannot be read, the
 * key's is usable by group or others, the chain is not in order, or the key is not the first certificate's.
 */
export function readTlsIdentity(certificateFile: string, keyFile: string): TlsIdentity {
  const certificate = readText(certificateFile);
  const chain = readChain(certificate, certificateFile);
  const key = readKeyText(keyFile);
  const [own] = chain;
  if (!own?.checkPrivateKey(privateKey(key, keyFile)))
    throw refused(keyFile, `the key does not belong to the first certificate of ${certificateFile}`);
  try {
    secureContext({ certificate, key });
  } catch (error) {
    throw refused(certificateFile, (error as Error).message, error);
  }
  return { certificate, key };
}

/**
 * Why clients will not take the chain at a time (unix ms), by its dates; undefined if they will. No error: OCSP over
 * plain http must go on, and a certificate that has expired says so to everybody who connects.
 */
export function tlsDateFault({ certificate }: TlsIdentity, nowMs: number): string | undefined {
  for (const { subject, validFrom, validTo } of blocksOf(certificate).map(
    (pem) => new X509Certificate(pem),
  )) {
    if (Date.parse(validTo) < nowMs) return `the certificate of ${oneLine(subject)} expired at ${validTo}`;
    if (Date.parse(validFrom) > nowMs)
      return `the certificate of ${oneLine(subject)} is valid from ${validFrom} only`;
  }
  return undefined;
}

function readChain(text: string, file: string): X509Certificate[] {
  const labels = [...text.matchAll(PEM_BLOCK)].map(([, label]) => label);
  const foreign = labels.find((label) => label !== "CERTIFICATE");
  if (foreign !== undefined) throw refused(file, `a block ${foreign} stands among the certificates`);
  if (labels.length === 0) throw refused(file, "no PEM certificate in it");
  const chain = blocksOf(text).map((pem, index) => {
    try {
      return new X509Certificate(pem);
    } catch (error) {
      throw refused(file, `certificate ${index + 1} cannot be read`, error);
    }
  });
  chain.slice(1).forEach((issuer, index) => {
    if (!chain[index]?.checkIssued(issuer))
      throw refused(file, `certificate ${index + 2} is not the issuer of the one before it`);
  });
  return chain;
}

const blocksOf = (text: string): string[] => [...text.matchAll(PEM_BLOCK)].map(([block]) => block);

function readText(file: string): string {
  try {
    const stat = statSync(file);
    if (!stat.isFile() || stat.size > MAX_FILE_BYTES)
      throw refused(file, `not a regular file of at most ${MAX_FILE_BYTES} bytes`);
    return readFileSync(file, "latin1");
  } catch (error) {
    if (error instanceof SekishoError) throw error;
    throw refused(file, `${(error as NodeJS.ErrnoException).code}`, error);
  }
}

/** The text stays in memory, as the key does in OpenSSL; the buffer it came through is wiped. */
function readKeyText(file: string): string {
  const bytes = Buffer.alloc(MAX_FILE_BYTES);
  try {
    return bytes.toString("latin1", 0, readPrivateFile(file, bytes, "TLS_FILES"));
  } finally {
    bytes.fill(0);
  }
}

function privateKey(text: string, file: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    // Not OpenSSL's reason, which is of no more help: the key may be encrypted, or none.
    throw refused(file, "expected an unencrypted private key in PEM");
  }
}

const oneLine = (name: string): string => name.replaceAll("\n", ", ");

function refused(file: string, reason: string, cause?: unknown): SekishoError {
  return new SekishoError("TLS_FILES", `${file}: ${reason}`, { cause });
}
