import { createHash } from "node:crypto";
import type { StoreOptions } from "../../src/store/environment.js";
import type { JournalBody } from "../../src/store/journal-record.js";
import { rowKey } from "../../src/store/layout.js";
import { rowName } from "./tables.js";
import { type CaView, differs, type StatusView, viewStatus } from "./view.js";

/**
 * Compares a record's issued certificates with those in the certificate store, by hash. A root's own certificate lies
 * in the journal alone: `ownCertificates` holds the hashes of those, in hexadecimal. Throws STORE_DIFFERS.
 */
export function checkIssued(
  { tables }: CaView,
  body: JournalBody,
  position: number,
  ownCertificates: ReadonlySet<string>,
): void {
  if (body.kind !== "changes") return;
  for (const change of body.changes) {
    if (change.op !== "issue") continue;
    const key = rowKey(change.issuer, change.serial);
    const certificate = tables.certificates.get(key);
    const journalled = Buffer.from(change.certificateHash).toString("hex");
    if (certificate === undefined && ownCertificates.has(journalled)) continue;
    if (certificate === undefined)
      throw differs(`certificates: ${rowName(key)} is missing, record ${position} says that it was issued`);
    if (certificateHash(certificate) !== journalled)
      throw differs(`certificates: ${rowName(key)} is another certificate than record ${position} says`);
  }
}

/** SHA-256 in hexadecimal. */
export const certificateHash = (certificate: Uint8Array): string =>
  createHash("sha256").update(certificate).digest("hex");

/**
 * Every stored certificate has its request, and a row unless it is pending. The certificate store was looked at after
 * the rows, so what has no row yet is looked up in newer ones. Throws STORE_DIFFERS.
 */
export function checkStored(
  { tables: ca }: CaView,
  { tables: status }: StatusView,
  store: StoreOptions,
): void {
  let newer: StatusView | undefined;
  try {
    for (const { key } of ca.certificates.entries()) {
      if (ca.requests.get(key) === undefined) throw differs(`requests: ${rowName(key)} is missing`);
      if (status.rows.get(key) !== undefined || ca.pending.get(key) !== undefined) continue;
      newer ??= viewStatus(store);
      if (newer.tables.rows.get(key) === undefined)
        throw differs(`rows: ${rowName(key)} is missing, its certificate is stored and not pending`);
    }
    for (const { key } of ca.pending.entries())
      if (ca.certificates.get(key) === undefined)
        throw differs(`certificates: ${rowName(key)} is missing and pending`);
  } finally {
    newer?.close();
  }
}
