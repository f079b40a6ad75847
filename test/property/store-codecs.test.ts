import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeRecord, encodeRecord, MAX_CHANGES } from "../../src/store/journal-record.js";
import {
  type CertState,
  decodeRow,
  encodeRow,
  issuerRange,
  positionKey,
  rowKey,
  type StatusRow,
  splitRowKey,
} from "../../src/store/layout.js";
import { comparable } from "../support/comparable.js";
import { anyRecord } from "../support/journal.js";
import { mutated } from "../support/mutated.js";
import { anySerial } from "../support/rows.js";
import { issue } from "../support/store.js";

const record = (changes: number) => ({
  position: 1,
  timeMs: 0,
  previous: new Uint8Array(32),
  body: { kind: "changes", changes: Array.from({ length: changes }, (_, n) => issue(n + 1)) } as const,
});

describe("journal records", () => {
  it("read back as written, on any alignment of their bytes", () => {
    fc.assert(
      fc.property(anyRecord, fc.nat({ max: 7 }), (each, shift) => {
        const shifted = Buffer.concat([Buffer.alloc(shift), encodeRecord(each)]).subarray(shift);
        assert.deepEqual(comparable(decodeRecord(shifted)), each);
      }),
    );
  });

  it("that were mutated are refused with a RangeError, or are the only encoding of what is read", () => {
    fc.assert(
      fc.property(
        anyRecord.chain((each) => mutated(encodeRecord(each))),
        (bytes) => {
          let read: ReturnType<typeof decodeRecord>;
          try {
            read = decodeRecord(bytes);
          } catch (error) {
            assert(error instanceof RangeError, String(error));
            return;
          }
          assert.deepEqual(Uint8Array.from(encodeRecord(read)), bytes);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("hold 1 to 4096 changes", () => {
    const most = record(MAX_CHANGES);
    assert.deepEqual(comparable(decodeRecord(encodeRecord(most))), comparable(most));
    for (const count of [0, MAX_CHANGES + 1]) assert.throws(() => encodeRecord(record(count)), RangeError);
  });

  it("are refused when a value would not fit: they would be chained and never be readable again", () => {
    const [good] = record(1).body.changes;
    assert(good?.op === "issue");
    for (const bad of [
      { serial: new Uint8Array(0) },
      { serial: Uint8Array.of(0, 1) },
      { serial: new Uint8Array(21).fill(1) },
      { certificateHash: new Uint8Array(31) },
      { notAfter: 2 ** 40 },
      { notAfter: -1 },
      { shard: 65_536 },
      { issuer: 65_536 },
    ])
      assert.throws(
        () => encodeRecord({ ...record(1), body: { kind: "changes", changes: [{ ...good, ...bad }] } }),
        RangeError,
      );
    assert.throws(() => encodeRecord({ ...record(1), previous: new Uint8Array(31) }), RangeError);
  });
});

const time = fc.integer({ min: 0, max: 253_402_300_799 });
const anyRow: fc.Arbitrary<StatusRow> = fc.record(
  {
    state: fc.constantFrom<CertState>("good", "revoked", "held"),
    reason: fc.nat({ max: 255 }),
    shard: fc.nat({ max: 0xffff }),
    revocationTime: time,
    invalidityDate: time,
    notAfter: time,
    position: fc.maxSafeNat().map((value) => value % 2 ** 48),
    synthetic: fc.boolean(),
  },
  { noNullPrototype: true },
);

describe("status rows", () => {
  it("read back as written", () => {
    fc.assert(fc.property(anyRow, (row) => assert.deepEqual(decodeRow(encodeRow(row)), row)));
  });

  it("are refused when a number does not fit or the bytes are no row", () => {
    const row: StatusRow = {
      state: "good",
      reason: 0,
      shard: 0,
      revocationTime: 0,
      invalidityDate: 0,
      notAfter: 0,
      position: 0,
      synthetic: false,
    };
    for (const bad of [
      { notAfter: 2 ** 40 },
      { revocationTime: -1 },
      { invalidityDate: 2 ** 41 },
      { reason: 256 },
    ])
      assert.throws(() => encodeRow({ ...row, ...bad }), RangeError);
    const good = encodeRow(row);
    for (const bad of [
      good.subarray(1),
      Buffer.concat([good, Buffer.of(0)]),
      Buffer.alloc(0),
      Buffer.alloc(25),
      Buffer.alloc(25, 4),
    ])
      assert.throws(() => decodeRow(bad), RangeError);
  });
});

describe("keys", () => {
  const magnitude = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  const order = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

  it("of rows lie in the order of issuer, then of the serial as a number", () => {
    const issuer = fc.constantFrom(0, 1, 255, 256, 0xfffe);
    fc.assert(
      fc.property(issuer, anySerial, issuer, anySerial, (issuerA, a, issuerB, b) => {
        const expected = Math.sign(issuerA - issuerB) || order(magnitude(a), magnitude(b));
        assert.equal(Buffer.compare(rowKey(issuerA, a), rowKey(issuerB, b)), expected);
        const { start, end } = issuerRange(issuerA);
        const inRange =
          Buffer.compare(start, rowKey(issuerB, b)) <= 0 && Buffer.compare(rowKey(issuerB, b), end) < 0;
        assert.equal(inRange, issuerA === issuerB);
        const split = splitRowKey(rowKey(issuerA, a));
        assert.deepEqual([split.issuer, [...split.serial]], [issuerA, [...a]]);
      }),
    );
  });

  it("of journal records lie in the order of positions", () => {
    const position = fc.maxSafeNat().map((value) => value % 2 ** 48);
    fc.assert(
      fc.property(position, position, (a, b) => {
        assert.equal(Buffer.compare(positionKey(a), positionKey(b)), Math.sign(a - b));
      }),
    );
  });
});
