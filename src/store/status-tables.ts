import type { Transaction } from "lmdb";
import { asBuffer } from "../core/bytes.js";
import { type Environment, META, openTable, type Table } from "./environment.js";
import { GENESIS } from "./journal-record.js";
import { issuerKey, scopeKey } from "./layout.js";
import { HASH_OCTETS } from "./record-bytes.js";

/** The tables of the status environment (layout.ts). */
export interface StatusTables {
  readonly meta: Table;
  readonly rows: Table;
  readonly revoked: Table;
  readonly changes: Table;
  readonly awaiting: Table;
  readonly crls: Table;
  readonly journal: Table;
  readonly issuers: Table;
  readonly delegates: Table;
  readonly checkpoints: Table;
}

/** Their names in the environment. */
export const STATUS_TABLES = [
  "meta",
  "rows",
  "revoked",
  "changes",
  "awaiting",
  "crls",
  "journal",
  "issuers",
  "delegates",
  "checkpoints",
] as const;

export function statusTables(environment: Environment): StatusTables {
  return Object.fromEntries(
    STATUS_TABLES.map((name) => [name, openTable(environment, name)]),
  ) as unknown as StatusTables;
}

/** Position and hash of the last journal record; position 0 before the first. */
export interface JournalHead {
  readonly position: number;
  readonly hash: Uint8Array;
}

export function readHead(meta: Table, transaction?: Transaction): JournalHead {
  return decodeHead(meta.get(META.head, transaction === undefined ? {} : { transaction }));
}

/** The head as the meta table holds it; undefined is that of an empty journal. */
export function decodeHead(bytes: Buffer | undefined): JournalHead {
  if (bytes === undefined) return { position: 0, hash: GENESIS };
  return {
    position: bytes.readUIntBE(0, 6),
    hash: Uint8Array.prototype.slice.call(bytes, 6, 6 + HASH_OCTETS),
  };
}

export function encodeHead(head: JournalHead): Buffer {
  const bytes = Buffer.allocUnsafe(6 + HASH_OCTETS);
  bytes.writeUIntBE(head.position, 0, 6);
  bytes.set(asBuffer(head.hash), 6);
  return bytes;
}

/** Position of the last record that changed issuers or delegates: readers that saw another one read those tables again. */
export function readTrustGeneration(meta: Table): number {
  return meta.get(META.trust)?.readUIntBE(0, 6) ?? 0;
}

/** A position, or another number of 6 octets. */
export function encodePosition(position: number): Buffer {
  const bytes = Buffer.allocUnsafe(6);
  bytes.writeUIntBE(position, 0, 6);
  return bytes;
}

const syntheticKey = (issuer: number): Buffer => Buffer.concat([META.synthetic, issuerKey(issuer)]);

/** Number of an issuer's rows that were made up for load tests. */
export function readSynthetic(meta: { get(key: Buffer): Buffer | undefined }, issuer: number): number {
  return meta.get(syntheticKey(issuer))?.readUIntBE(0, 6) ?? 0;
}

export function addSynthetic(meta: Table, issuer: number, rows: number): void {
  meta.put(syntheticKey(issuer), encodePosition(readSynthetic(meta, issuer) + rows));
}

const droppedKey = (issuer: number, scope: number): Buffer =>
  Buffer.concat([META.dropped, scopeKey(issuer, scope)]);

/** Journal position up to which changes of a scope may be missing: every CRL that is published shows them. */
export function readDropped(
  meta: { get(key: Buffer): Buffer | undefined },
  issuer: number,
  scope: number,
): number {
  return meta.get(droppedKey(issuer, scope))?.readUIntBE(0, 6) ?? 0;
}

export function raiseDropped(meta: Table, issuer: number, scope: number, position: number): void {
  if (position > readDropped(meta, issuer, scope))
    meta.put(droppedKey(issuer, scope), encodePosition(position));
}
