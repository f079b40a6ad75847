import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ALL } from "../../src/crl/scope.js";
import { ListedCursor } from "../../src/store/listed-blocks.js";
import {
  change,
  inSnapshot,
  issue,
  openWriter,
  release,
  revoke,
  revokedSerials,
  serialOf,
} from "../support/store.js";
import { tempDir } from "../support/temp-dir.js";

describe("listed blocks", () => {
  it("list in ascending order what is revoked, whatever came first and whatever was released since", async (t) => {
    const writer = openWriter(tempDir(t));
    t.after(() => writer.close());
    // Serials of one to twelve octets, with and without the top bit, so that entries have a sign octet or not.
    const serial = fc
      .bigInt({ min: 1n, max: 2n ** 90n })
      .chain((big) => fc.constantFrom(big, big % 60_000n, big % 300n));
    const [sample] = fc.sample(
      fc.uniqueArray(
        serial.filter((one) => one > 0n),
        { minLength: 700, maxLength: 900 },
      ),
      1,
    );
    assert.ok(sample !== undefined);
    const listed = new Set<bigint>();
    for (let at = 0; at < sample.length; at += 100) {
      const batch = sample.slice(at, at + 100);
      await change(writer, ...batch.map((one) => issue(one)));
      await change(writer, ...batch.map((one) => revoke(one, 6)));
      for (const one of batch) listed.add(one);
      const released = [...listed].filter((_, index) => index % 7 === 3);
      await change(writer, ...released.map((one) => release(one)));
      for (const one of released) listed.delete(one);
    }
    const expected = [...listed].sort((a, b) => (a < b ? -1 : 1)).map((one) => serialOf(one).toString("hex"));
    assert.deepEqual(revokedSerials(writer.reader), expected);
    await change(writer, ...[...listed].map((one) => release(one)));
    assert.deepEqual(revokedSerials(writer.reader), []);
    await change(writer, revoke(sample[0] as bigint));
    assert.equal(writer.reader.revokedCount(1), 1);
  });

  it("are full where serials come in ascending order", async (t) => {
    const writer = openWriter(tempDir(t));
    t.after(() => writer.close());
    const serials = Array.from({ length: 1_000 }, (_, index) => 10_000_000 + index);
    await change(writer, ...serials.map((one) => issue(one)));
    await change(writer, ...serials.map((one) => revoke(one)));
    inSnapshot(writer.reader, (snapshot) => {
      const blocks = [...snapshot.listed(1, ALL)].map((block) => Buffer.from(block));
      const entries = blocks.reduce((sum, block) => sum + recordsOf(block), 0);
      assert.equal(entries, serials.length);
      assert.ok(blocks.slice(0, -1).every((block) => block.length > 1_800 && block.length <= 1_900));
    });
  });
});

function recordsOf(block: Buffer): number {
  let count = 0;
  for (const cursor = new ListedCursor(block); cursor.next(); ) count++;
  return count;
}
