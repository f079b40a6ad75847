import { createHash } from "node:crypto";
import { asBuffer } from "../core/bytes.js";
import { countRows } from "./imported-rows.js";
import type { CertState } from "./layout.js";
import { ByteReader, ByteWriter, HASH_OCTETS } from "./record-bytes.js";

/**
 * One record of the hash-chained journal. The journal suffices to rebuild rows, CRLs and delegates on an empty machine.
 *
 *   version 1 | kind 1 | position 6 | time (ms) 6 | SHA-256 of the previous record 32 | body
 *
 * Bodies: `changes` is count 2 and that many changes; `import` holds packed rows (imported-rows.ts); the others are
 * listed in `encodeBody`.
 */

export const MAX_CHANGES = 4096;
const VERSION = 1;
const HEADER_OCTETS = 46;

/** `previous` of the first record. */
export const GENESIS: Uint8Array = new Uint8Array(HASH_OCTETS);

export type Change =
  | {
      readonly op: "issue";
      readonly issuer: number;
      readonly serial: Uint8Array;
      readonly notAfter: number;
      readonly shard: number;
      /** SHA-256 of the certificate. */
      readonly certificateHash: Uint8Array;
    }
  | {
      readonly op: "status";
      readonly issuer: number;
      readonly serial: Uint8Array;
      readonly state: CertState;
      readonly reason: number;
      readonly revocationTime: number;
      readonly invalidityDate: number;
    };

/** Why there is no certificate, and so no hash of one, behind imported rows: they were made up for load tests. */
export type ImportOrigin = "synthetic";

export type JournalBody =
  | { readonly kind: "changes"; readonly changes: readonly Change[] }
  | {
      readonly kind: "issuer";
      readonly issuer: number;
      readonly id: string;
      readonly certificate: Uint8Array;
    }
  | {
      readonly kind: "delegate";
      readonly issuer: number;
      readonly serial: Uint8Array;
      readonly certificate: Uint8Array;
    }
  | {
      readonly kind: "crl";
      readonly issuer: number;
      readonly scope: number;
      readonly number: number;
      /** Number of the complete CRL that a delta CRL starts from; 0: it is complete itself. */
      readonly base: number;
      readonly cause: CrlCause;
      readonly thisUpdate: number;
      readonly nextUpdate: number;
      /** Journal position that the list shows. */
      readonly covers: number;
      readonly entries: number;
      /** Octets and SHA-256 of the CertificateList file. */
      readonly octets: number;
      readonly digest: Uint8Array;
    }
  | {
      /** The issuer's key is compromised: all that it issued is revoked (RFC 6960 2.7). */
      readonly kind: "compromise";
      readonly issuer: number;
      /** Unix seconds, above 0. */
      readonly since: number;
    }
  | {
      /** Certificates that were not issued here, each with its status: 1 to MAX_CHANGES of one CRL partition. */
      readonly kind: "import";
      readonly issuer: number;
      readonly origin: ImportOrigin;
      readonly shard: number;
      /** Packed: imported-rows.ts. */
      readonly rows: Uint8Array;
    };

/** Why a CRL was made: its time had come, a change of status was due to be shown, or an operator asked. */
export type CrlCause = "schedule" | "change" | "operator";

/** What the journal records of a published CRL. */
export type CrlRecord = JournalBody & { readonly kind: "crl" };

export interface JournalRecord {
  readonly position: number;
  readonly timeMs: number;
  readonly previous: Uint8Array;
  readonly body: JournalBody;
}

const KINDS: readonly JournalBody["kind"][] = [
  "changes",
  "issuer",
  "delegate",
  "crl",
  "compromise",
  "import",
];
const OPS: readonly Change["op"][] = ["issue", "status"];
const ORIGINS: readonly ImportOrigin[] = ["synthetic"];
const CAUSES: readonly CrlCause[] = ["schedule", "change", "operator"];
const STATES: readonly CertState[] = ["good", "revoked", "held"];

export function recordHash(encoded: Uint8Array): Buffer {
  return createHash("sha256").update(encoded).digest();
}

/** Throws RangeError on values that the record cannot hold: it would be chained and never be readable again. */
export function encodeRecord(record: JournalRecord): Buffer {
  const out = new ByteWriter();
  out.uint(VERSION, 1).uint(KINDS.indexOf(record.body.kind) + 1, 1);
  out.uint(record.position, 6).uint(record.timeMs, 6).hash(record.previous);
  encodeBody(out, record.body);
  return out.finish();
}

function encodeBody(out: ByteWriter, body: JournalBody): void {
  switch (body.kind) {
    case "changes":
      out.uint(checkedCount(body.changes.length), 2);
      for (const change of body.changes) encodeChange(out, change);
      break;
    case "issuer":
      out.uint(body.issuer, 2).counted(Buffer.from(body.id, "latin1"), 1).counted(body.certificate, 4);
      break;
    case "delegate":
      out.uint(body.issuer, 2).serial(body.serial).counted(body.certificate, 4);
      break;
    case "crl":
      encodeCrl(out, body);
      break;
    case "compromise":
      out.uint(body.issuer, 2).uint(body.since, 5);
      break;
    case "import":
      out
        .uint(body.issuer, 2)
        .uint(ORIGINS.indexOf(body.origin) + 1, 1)
        .uint(body.shard, 2);
      out.uint(checkedCount(countRows(asBuffer(body.rows))), 2).raw(body.rows);
      break;
  }
}

function encodeCrl(out: ByteWriter, body: CrlRecord): void {
  out.uint(body.issuer, 2).uint(body.scope, 2).uint(body.number, 6).uint(body.base, 6);
  out
    .uint(CAUSES.indexOf(body.cause) + 1, 1)
    .uint(body.thisUpdate, 5)
    .uint(body.nextUpdate, 5);
  out.uint(body.covers, 6).uint(body.entries, 5).uint(body.octets, 6).hash(body.digest);
}

function encodeChange(out: ByteWriter, change: Change): void {
  out
    .uint(OPS.indexOf(change.op) + 1, 1)
    .uint(change.issuer, 2)
    .serial(change.serial);
  if (change.op === "issue") {
    out.uint(change.notAfter, 5).uint(change.shard, 2).hash(change.certificateHash);
  } else {
    out.uint(STATES.indexOf(change.state) + 1, 1).uint(change.reason, 1);
    out.uint(change.revocationTime, 5).uint(change.invalidityDate, 5);
  }
}

/** Throws RangeError on bytes that `encodeRecord` cannot have written. Byte fields are copies. */
export function decodeRecord(bytes: Uint8Array): JournalRecord {
  const input = new ByteReader(bytes);
  if (bytes.length < HEADER_OCTETS || input.uint(1) !== VERSION) throw new RangeError("not a journal record");
  const kind = pick(KINDS, input.uint(1));
  const position = input.uint(6);
  const timeMs = input.uint(6);
  const previous = input.hash();
  const body = decodeBody(input, kind);
  input.finish();
  return { position, timeMs, previous, body };
}

function decodeBody(input: ByteReader, kind: JournalBody["kind"]): JournalBody {
  switch (kind) {
    case "changes":
      return {
        kind,
        changes: Array.from({ length: checkedCount(input.uint(2)) }, () => decodeChange(input)),
      };
    case "issuer":
      return {
        kind,
        issuer: input.uint(2),
        id: Buffer.from(input.counted(1)).toString("latin1"),
        certificate: input.counted(4),
      };
    case "delegate":
      return { kind, issuer: input.uint(2), serial: input.serial(), certificate: input.counted(4) };
    case "crl":
      return decodeCrl(input);
    case "compromise":
      return { kind, issuer: input.uint(2), since: input.uint(5) };
    case "import":
      return decodeImport(input);
  }
}

function decodeImport(input: ByteReader): JournalBody & { kind: "import" } {
  const issuer = input.uint(2);
  const origin = pick(ORIGINS, input.uint(1));
  const shard = input.uint(2);
  const count = checkedCount(input.uint(2));
  const rows = input.rest();
  if (countRows(asBuffer(rows)) !== count) throw new RangeError("more or fewer rows than the record says");
  return { kind: "import", issuer, origin, shard, rows };
}

function decodeCrl(input: ByteReader): CrlRecord {
  return {
    kind: "crl",
    issuer: input.uint(2),
    scope: input.uint(2),
    number: input.uint(6),
    base: input.uint(6),
    cause: pick(CAUSES, input.uint(1)),
    thisUpdate: input.uint(5),
    nextUpdate: input.uint(5),
    covers: input.uint(6),
    entries: input.uint(5),
    octets: input.uint(6),
    digest: input.hash(),
  };
}

/** The body of a CRL's record alone, as table `crls` keeps it. */
export function encodeCrlRecord(record: CrlRecord): Buffer {
  const out = new ByteWriter();
  encodeCrl(out, record);
  return out.finish();
}

/** Throws RangeError on bytes that `encodeCrlRecord` cannot have written. */
export function decodeCrlRecord(bytes: Uint8Array): CrlRecord {
  const input = new ByteReader(bytes);
  const record = decodeCrl(input);
  input.finish();
  return record;
}

function decodeChange(input: ByteReader): Change {
  const op = pick(OPS, input.uint(1));
  const issuer = input.uint(2);
  const serial = input.serial();
  if (op === "issue")
    return {
      op,
      issuer,
      serial,
      notAfter: input.uint(5),
      shard: input.uint(2),
      certificateHash: input.hash(),
    };
  return {
    op,
    issuer,
    serial,
    state: pick(STATES, input.uint(1)),
    reason: input.uint(1),
    revocationTime: input.uint(5),
    invalidityDate: input.uint(5),
  };
}

function checkedCount(changes: number): number {
  if (changes < 1 || changes > MAX_CHANGES) throw new RangeError(`1 to ${MAX_CHANGES} changes a record`);
  return changes;
}

function pick<T>(names: readonly T[], code: number): T {
  const name = names[code - 1];
  if (name === undefined) throw new RangeError("unknown code in a journal record");
  return name;
}
