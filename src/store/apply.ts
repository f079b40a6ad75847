import { asBuffer } from "../core/bytes.js";
import { applyImport } from "./apply-import.js";
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
      for (const change of body.changes) applyChange(tables, change, position);
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
      // The journal alone keeps the CRL history; the published file is what readers use.
      break;
  }
}

/** Seconds since when the key is compromised, 0 while it is not. */
const SINCE_OCTETS = 5;

function encodeIssuer(id: string, certificate: Uint8Array): Buffer {
  const name = Buffer.from(id, "latin1");
  return Buffer.concat([Buffer.alloc(SINCE_OCTETS), Buffer.of(name.length), name, certificate]);
}

function applyChange(tables: StatusTables, change: Change, position: number): void {
  const key = rowKey(change.issuer, change.serial);
  const row =
    change.op === "issue"
      ? issuedRow(tables, key, change, position)
      : changedRow(tables, key, change, position);
  const encoded = encodeRow(row);
  tables.rows.put(key, encoded);
  // A delegate that is revoked must stop signing: readers look at the delegates again.
  if (change.op === "status" && tables.delegates.doesExist(key))
    tables.meta.put(META.trust, encodePosition(position));
  if (row.state === "good") {
    if (change.op === "status") tables.revoked.remove(key);
  } else tables.revoked.put(key, encoded);
}

function issuedRow(
  tables: StatusTables,
  key: Buffer,
  change: Change & { op: "issue" },
  position: number,
): StatusRow {
  if (tables.rows.doesExist(key)) throw new RangeError("a serial that was issued before");
  const { notAfter, shard } = change;
  const absent = { reason: 0, revocationTime: 0, invalidityDate: 0, synthetic: false };
  return { ...absent, state: "good", shard, notAfter, position };
}

function changedRow(
  tables: StatusTables,
  key: Buffer,
  change: Change & { op: "status" },
  position: number,
): StatusRow {
  const before = tables.rows.get(key);
  if (before === undefined) throw new RangeError("a status change of a serial that was never issued");
  const { notAfter, shard, synthetic } = decodeRow(before);
  const { state, reason, revocationTime, invalidityDate } = change;
  return { state, reason, shard, revocationTime, invalidityDate, notAfter, position, synthetic };
}
