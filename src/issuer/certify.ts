import { createHash } from "node:crypto";
import { SekishoError } from "../core/errors.js";
import { lintCertificate } from "../lint/certificate.js";
import type { Signer } from "../signer/signer.js";
import type { CaStore, IssuedKind } from "../store/ca-store.js";
import type { Change, JournalBody } from "../store/journal-record.js";
import type { StatusTransaction, StatusWriter } from "../store/status-writer.js";
import {
  assembleCertificate,
  type Certificate,
  parseCertificate,
  parseTbsCertificate,
} from "../x509/certificate.js";
import { randomSerial, serialText } from "../x509/serial.js";
import { isIssuedBy } from "../x509/signature.js";
import type { Authority } from "./authority.js";
import { pinnedScope } from "./crl-partition.js";

/** A certificate that is on disk with its status row: only now may it leave the issuer (invariant 3). */
export interface Issued {
  readonly certificate: Certificate;
  /** Journal position of its issuance. */
  readonly journal: number;
}

/** Signs a to-be-signed structure of any size with a CA key. */
export async function signBytes(signer: Signer, message: Uint8Array): Promise<Uint8Array> {
  const digest = createHash(signer.digestName).update(message).digest();
  const [signature] = await signer.sign([{ digest, chunks: () => [message] }]);
  return signature as Uint8Array;
}

/**
 * Lints, signs and assembles a certificate (invariant 6: what fails a lint never reaches the key). `issuer` is
 * undefined for a self-signed one. Throws LINT_FAILED naming every rule that is broken, TOKEN_FAILED if the signature is wrong.
 */
export async function signCertificate(
  tbsCertificate: Uint8Array,
  signer: Signer,
  issuer: Certificate | undefined,
  kind: Parameters<typeof lintCertificate>[2],
): Promise<Certificate> {
  const findings = lintCertificate(tbsCertificate, issuer, kind);
  if (findings.length > 0)
    throw new SekishoError("LINT_FAILED", findings.map(({ rule, text }) => `${rule}: ${text}`).join("; "));
  const signature = await signBytes(signer, tbsCertificate);
  const certificate = parseCertificate(
    assembleCertificate(tbsCertificate, signer.signatureAlgorithm, signature),
  );
  // A token that signs wrongly must not become a certificate that nobody can verify.
  if (!isIssuedBy(certificate, issuer ?? certificate))
    throw new SekishoError("TOKEN_FAILED", "the token's signature does not verify with the CA's public key");
  return certificate;
}

/** What `certify` needs of the issuer process. */
export interface CertifyContext {
  readonly status: StatusWriter;
  readonly ca: CaStore;
}

/**
 * Issues one certificate: `makeTbs` gets the serial number. Commit protocol: sign -> certificate on disk, pending ->
 * status row and journal record on disk -> settled. A crash before the second step leaves a signature that nobody
 * saw; after it, start-up completes the row (`completePending`). Throws LINT_FAILED, CSR_KEY.
 */
export async function certify(
  { status, ca }: CertifyContext,
  authority: Authority,
  kind: IssuedKind,
  profileKind: Parameters<typeof lintCertificate>[2],
  request: Uint8Array,
  makeTbs: (serialNumber: Uint8Array) => Uint8Array,
): Promise<Issued> {
  const { issuer, certificate: issuerCertificate, signer } = authority;
  const tbs = makeTbs(unusedSerial(status, issuer));
  const { subjectPublicKeyInfo, subjectName } = parseTbsCertificate(tbs);
  ca.refuseUsedKey(subjectPublicKeyInfo, subjectName);
  const certificate = await signCertificate(tbs, signer, issuerCertificate, profileKind);
  const { serialNumber: serial, der } = certificate;
  await ca.put({ issuer, serial, kind, certificate: der, request, subjectPublicKeyInfo, subjectName });
  const journal = await status.transact((transaction) =>
    appendIssued(transaction, issuer, kind, certificate),
  );
  await ca.settle(issuer, serial);
  return { certificate, journal };
}

/** Completes what a crash interrupted between certificate and status row. Returns how many there were. */
export async function completePending({ status, ca }: CertifyContext): Promise<number> {
  const pending = ca.pending();
  for (const { issuer, serial, kind, certificate } of pending) {
    await status.transact((transaction) => {
      if (transaction.row(issuer, serial) === undefined)
        appendIssued(transaction, issuer, kind, parseCertificate(certificate));
    });
    await ca.settle(issuer, serial);
  }
  return pending.length;
}

/** Journal change that says a certificate was issued. */
export function issueChange(issuer: number, certificate: Certificate): Change {
  const certificateHash = createHash("sha256").update(certificate.der).digest();
  return {
    op: "issue",
    issuer,
    serial: certificate.serialNumber,
    notAfter: certificate.notAfter,
    shard: pinnedScope(certificate),
    certificateHash,
  };
}

function appendIssued(
  transaction: StatusTransaction,
  issuer: number,
  kind: IssuedKind,
  certificate: Certificate,
): number {
  const { serialNumber: serial, der } = certificate;
  if (transaction.row(issuer, serial) !== undefined)
    throw new SekishoError("INTERNAL", `serial ${serialText(serial)} was given out twice`);
  const bodies: JournalBody[] = [{ kind: "changes", changes: [issueChange(issuer, certificate)] }];
  if (kind === "delegate") bodies.push({ kind: "delegate", issuer, serial, certificate: der });
  return bodies.map((body) => transaction.append(body)).at(-1) as number;
}

/** A random serial that the issuer has not used; 127 random bits make a second try a curiosity (standards I1). */
function unusedSerial(status: StatusWriter, issuer: number): Uint8Array {
  for (;;) {
    const serial = randomSerial();
    if (status.reader.row(issuer, serial) === undefined) return serial;
  }
}
