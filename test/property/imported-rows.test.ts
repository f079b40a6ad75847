import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { countRows, RowPacker } from "../../src/store/imported-rows.js";
import { mutated } from "../support/mutated.js";
import { anyRows, bySerial, type PackedRow, pack, packRows, unpack } from "../support/rows.js";

const good = (serial: string): PackedRow => ({
  serial,
  state: "good",
  notAfter: 1,
  reason: 0,
  revocationTime: 0,
  invalidityDate: 0,
});

describe("imported rows", () => {
  it("read back in ascending order, whatever the order they came in, in pieces of the size asked for", () => {
    fc.assert(
      fc.property(anyRows(60), fc.integer({ min: 1, max: 25 }), (rows, most) => {
        const pieces = [...packRows(rows).pieces(most)];
        assert.deepEqual(pieces.flatMap(unpack), [...rows].sort(bySerial));
        const full = Math.ceil(rows.length / most);
        assert.equal(pieces.length, full);
        for (const piece of pieces.slice(0, -1)) assert.equal(countRows(piece), most);
      }),
    );
  });

  it("of one length are sorted among many, with equal first octets", () => {
    const rows = Array.from({ length: 20_000 }, (_, n) =>
      good(`80${((n * 7919) % 20_011).toString(16).padStart(10, "0")}`),
    );
    assert.deepEqual([...packRows(rows).pieces(4096)].flatMap(unpack), [...rows].sort(bySerial));
  });

  it("that were mutated are refused with a RangeError, or are the only packing of what is read", () => {
    fc.assert(
      fc.property(
        anyRows(6).chain((rows) => mutated(pack(rows))),
        (bytes) => {
          let read: PackedRow[];
          try {
            read = unpack(Buffer.from(bytes));
          } catch (error) {
            assert(error instanceof RangeError, String(error));
            return;
          }
          if (read.length > 0) assert.deepEqual(Uint8Array.from(pack(read)), Uint8Array.from(bytes));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("are refused out of order, and twice", () => {
    const [one, two] = [pack([good("01")]), pack([good("02")])];
    assert.equal(countRows(Buffer.concat([one, two])), 2);
    for (const wrong of [
      [two, one],
      [one, one],
    ])
      assert.throws(() => countRows(Buffer.concat(wrong)), RangeError);
    for (const rows of [
      [good("02"), good("01"), good("02")],
      [good("01"), good("01")],
    ])
      assert.throws(() => [...packRows(rows).pieces(10)], RangeError);
  });

  it("are refused when a value would not fit", () => {
    const facts = { ...good("01"), state: "revoked" as const };
    for (const bad of [
      { notAfter: 2 ** 40 },
      { revocationTime: -1 },
      { invalidityDate: 2 ** 40 },
      { reason: 256 },
    ])
      assert.throws(() => new RowPacker().add(Buffer.of(1), { ...facts, ...bad }), RangeError);
    for (const serial of [Buffer.alloc(0), Buffer.of(0, 1), Buffer.alloc(21, 1)])
      assert.throws(() => new RowPacker().add(serial, facts), RangeError);
  });

  it("take at most 40 octets each", () => {
    const longest = "7f".repeat(20);
    assert.equal(pack([{ ...good(longest), state: "revoked" }]).length, 38);
    assert.equal(pack([good("5e".repeat(17))]).length, 24);
  });
});
