import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Change,
  decodeRecord,
  GENESIS,
  type JournalBody,
  recordHash,
} from "../../src/store/journal-record.js";
import type { StatusReader } from "../../src/store/status-reader.js";
import { anyRows, anySerial, pack } from "./rows.js";

/** Walks the journal from its first record to its head; throws unless every record chains. Returns the bodies. */
export function assertJournalChains(reader: StatusReader): JournalBody[] {
  const head = reader.head();
  const bodies: JournalBody[] = [];
  let previous: Uint8Array = GENESIS;
  for (let position = 1; position <= head.position; position++) {
    const encoded = reader.encodedRecord(position);
    assert(encoded !== undefined, `record ${position} is missing`);
    const record = decodeRecord(encoded);
    assert.equal(record.position, position);
    assert.deepEqual(
      Buffer.from(record.previous),
      Buffer.from(previous),
      `record ${position} does not chain`,
    );
    previous = recordHash(encoded);
    bodies.push(record.body);
  }
  assert.deepEqual(
    Buffer.from(head.hash),
    Buffer.from(previous),
    "the head is not the hash of the last record",
  );
  assert.equal(reader.encodedRecord(head.position + 1), undefined);
  return bodies;
}

const time = fc.integer({ min: 0, max: 253_402_300_799 });
const uint16 = fc.nat({ max: 0xffff });
const uint48 = fc.maxSafeNat().map((value) => value % 2 ** 48);
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const certificate = fc.uint8Array({ maxLength: 64 });

const plain = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<T>;

export const anyChange: fc.Arbitrary<Change> = fc.oneof(
  plain<Change & { op: "issue" }>({
    op: fc.constant("issue"),
    issuer: uint16,
    serial: anySerial,
    notAfter: time,
    shard: uint16,
    certificateHash: hash,
  }),
  plain<Change & { op: "status" }>({
    op: fc.constant("status"),
    issuer: uint16,
    serial: anySerial,
    state: fc.constantFrom("good", "revoked", "held"),
    reason: fc.nat({ max: 255 }),
    revocationTime: time,
    invalidityDate: time,
  }),
);

export const anyBody: fc.Arbitrary<JournalBody> = fc.oneof(
  plain<JournalBody & { kind: "changes" }>({
    kind: fc.constant("changes"),
    changes: fc.array(anyChange, { minLength: 1, maxLength: 20 }),
  }),
  plain<JournalBody & { kind: "issuer" }>({
    kind: fc.constant("issuer"),
    issuer: uint16,
    id: fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,31}$/),
    certificate,
  }),
  plain<JournalBody & { kind: "delegate" }>({
    kind: fc.constant("delegate"),
    issuer: uint16,
    serial: anySerial,
    certificate,
  }),
  plain<JournalBody & { kind: "crl" }>({
    kind: fc.constant("crl"),
    issuer: uint16,
    scope: uint16,
    number: uint48,
    base: uint48,
    cause: fc.constantFrom("schedule", "change", "operator"),
    thisUpdate: time,
    nextUpdate: time,
    covers: uint48,
    entries: fc.nat(),
    octets: uint48,
    digest: hash,
  }),
  plain<JournalBody & { kind: "compromise" }>({
    kind: fc.constant("compromise"),
    issuer: uint16,
    since: time,
  }),
  plain<JournalBody & { kind: "import" }>({
    kind: fc.constant("import"),
    issuer: uint16,
    origin: fc.constant("synthetic"),
    shard: uint16,
    rows: anyRows(20).map((rows) => Uint8Array.from(pack(rows))),
  }),
);

export const anyRecord = fc.record(
  { position: uint48, timeMs: uint48, previous: hash, body: anyBody },
  { noNullPrototype: true },
);
