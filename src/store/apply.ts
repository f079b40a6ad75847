import { asBuffer } from "../core/bytes.js";
import { scopesOf } from "../crl/scope.js";
import { applyImport } from "./apply-import.js";
import { applyCrl, applyStatus, awaitCrl } from "./crl-tables.js";
import { META } from "./environment.js";
import type { Change, JournalBody } from "./journal-record.js";
import { decodeRow, encodeRow, issuerKey, rowKey, type StatusRow } from "./layout.js";
import { encodePosition, type StatusTables } from "./status-tables.js";

/**
 * Applies one journal record's body to the tables, inside the caller's write transaction. The live path and every
 * replay come through here, so that a rebuilt store is the same store.
 */
export function applyBody(tables: StatusTables, body: JournalBody, position: number): void {
  switch (body.kind) {
    case "changes":
      applyChanges(tables, body.changes, position);
      break;
    case "issuer":
      tables.issuers.put(issuerKey(body.issuer), encodeIssuer(body.id, body.certificate));
      tables.meta.put(META.trust, encodePosition(position));
      break;
    case "compromise": {
      const issuer = tables.issuers.get(issuerKey(body.issuer));
      if (issuer === undefined) throw new RangeError("a compromise of an issuer that was never created");
      const marked = Buffer.from(issuer);
      marked.writeUIntBE(body.since, 0, SINCE_OCTETS);
      tables.issuers.put(issuerKey(body.issuer), marked);
      tables.meta.put(META.trust, encodePosition(position));
      break;
    }
    case "delegate":
      tables.delegates.put(rowKey(body.issuer, body.serial), asBuffer(body.certificate));
      tables.meta.put(META.trust, encodePosition(position));
      break;
    case "import":
      applyImport(tables, body, position);
      break;
    case "crl":
      applyCrl(tables, body);
      break;
  }
}

/** Seconds since when the key is compromised, 0 while it is not. */
const SINCE_OCTETS = 5;

function encodeIssuer(id: string, certificate: Uint8Array): Buffer {
  const name = Buffer.from(id, "latin1");
  return Buffer.concat([Buffer.alloc(SINCE_OCTETS), Buffer.of(name.length), name, certificate]);
}

function applyChanges(tables: StatusTables, changes: readonly Change[], position: number): void {
  /** Scopes whose certificates changed, by the issuer's number. */
  const changed = new Map<number, Set<number>>();
  for (const change of changes) {
    const { issuer } = change;
    if (change.op === "issue") {
      issue(tables, change, position);
      continue;
    }
    const { shard } = changeStatus(tables, change, position);
    const scopes = changed.get(issuer) ?? new Set();
    for (const scope of scopesOf(shard)) scopes.add(scope);
    changed.set(issuer, scopes);
  }
  for (const [issuer, scopes] of changed)
    for (const scope of scopes) awaitCrl(tables, issuer, scope, position);
}

function issue(tables: StatusTables, change: Change & { op: "issue" }, position: number): void {
  const key = rowKey(change.issuer, change.serial);
  if (tables.rows.doesExist(key)) throw new RangeError("a serial that was issued before");
  const { notAfter, shard } = change;
  const absent = { reason: 0, revocationTime: 0, invalidityDate: 0, synthetic: false };
  tables.rows.put(key, encodeRow({ ...absent, state: "good", shard, notAfter, position }));
}

function changeStatus(tables: StatusTables, change: Change & { op: "status" }, position: number): StatusRow {
  const key = rowKey(change.issuer, change.serial);
  const bytes = tables.rows.getBinaryFast(key);
  if (bytes === undefined) throw new RangeError("a status change of a serial that was never issued");
  const before = decodeRow(bytes);
  const { state, reason, revocationTime, invalidityDate } = change;
  const row = { ...before, state, reason, revocationTime, invalidityDate, position };
  tables.rows.put(key, encodeRow(row));
  applyStatus(tables, change.issuer, change.serial, before, row);
  // A delegate that is revoked must stop signing: readers look at the delegates again.
  if (tables.delegates.doesExist(key)) tables.meta.put(META.trust, encodePosition(position));
  return row;
}
