import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { importRows } from "../../src/issuer/import-rows.js";
import {
  isRevoked,
  type Population,
  populationRows,
  syntheticSerial,
} from "../../src/issuer/synthetic-population.js";
import { MAX_CHANGES } from "../../src/store/journal-record.js";
import type { StatusWriter } from "../../src/store/status-writer.js";
import { assertJournalChains } from "../support/journal.js";
import { change, issue, openWriter, revoke, revokedSerials } from "../support/store.js";
import { tempDir } from "../support/temp-dir.js";

const TARGET = { issuer: 1, origin: "synthetic", shard: 3 } as const;
const VALIDITY = { notBefore: 1_780_000_000, notAfter: 1_900_000_000 };

function store(t: TestContext): StatusWriter {
  const writer = openWriter(tempDir(t));
  t.after(() => writer.close());
  return writer;
}

const seed = (writer: StatusWriter, population: Population, from = 0, to = population.certificates) =>
  importRows(writer, TARGET, populationRows(population, from, to, VALIDITY));

describe("an import", () => {
  it("is good and revoked rows that are marked, one record for 4,096 of them", async (t) => {
    const writer = store(t);
    const population = { certificates: 2 * MAX_CHANGES + 1, revoked: 100 };
    assert.deepEqual(await seed(writer, population), { imported: population.certificates, present: 0 });
    const bodies = assertJournalChains(writer.reader);
    assert.deepEqual(
      bodies.map(({ kind }) => kind),
      ["import", "import", "import"],
    );
    let revoked = 0;
    for (let n = 0; n < population.certificates; n++) {
      const row = writer.reader.row(1, syntheticSerial(n));
      assert.equal(row?.state, isRevoked(population, n) ? "revoked" : "good");
      assert.equal(row?.synthetic, true);
      assert.equal(row?.shard, 3);
      assert.equal(row?.notAfter, VALIDITY.notAfter);
      assert.equal(row?.position, 1 + Math.floor(n / MAX_CHANGES));
      if (row?.state === "revoked") revoked++;
    }
    assert.equal(revoked, 100);
    assert.equal(revokedSerials(writer.reader).length, 100);
    assert.equal(writer.reader.syntheticCount(1), population.certificates);
    assert.equal(writer.reader.syntheticCount(2), 0);
    assert.equal(writer.reader.issuedCount(), population.certificates);
  });

  it("takes at most 40 octets of journal a change, revoked ones too", async (t) => {
    const writer = store(t);
    await seed(writer, { certificates: MAX_CHANGES, revoked: MAX_CHANGES });
    const octets = writer.reader.encodedRecord(1)?.length ?? 0;
    assert(octets / MAX_CHANGES <= 40, `${octets / MAX_CHANGES}`);
  });

  it("adds what is missing and leaves alone what is there", async (t) => {
    const writer = store(t);
    const population = { certificates: 5_000, revoked: 50 };
    await seed(writer, population, 1_000, 1_500);
    const kept = writer.reader.row(1, syntheticSerial(1_200));
    assert.deepEqual(await seed(writer, population), { imported: 4_500, present: 500 });
    assert.deepEqual(writer.reader.row(1, syntheticSerial(1_200)), kept);
    const head = writer.reader.head().position;
    assert.deepEqual(await seed(writer, population), { imported: 0, present: 5_000 });
    assert.equal(writer.reader.head().position, head);
    assert.equal(writer.reader.syntheticCount(1), 5_000);
  });

  it("is journalled whole or not at all when a serial was issued meanwhile", async (t) => {
    const writer = store(t);
    const [piece] = populationRows({ certificates: 10, revoked: 0 }, 0, 10, VALIDITY).pieces(10);
    assert(piece !== undefined);
    const append = (): Promise<number> =>
      writer.transact((transaction) => transaction.append({ kind: "import", ...TARGET, rows: piece }));
    await append();
    await assert.rejects(append, /issued before/);
    assert.equal(writer.reader.head().position, 1);
    assert.equal(writer.reader.syntheticCount(1), 10);
  });

  it("lies between other issuers' certificates, and a hold or a revocation keeps the mark", async (t) => {
    const writer = store(t);
    await change(writer, issue(5, 1), issue(5, 2));
    await seed(writer, { certificates: 100, revoked: 0 });
    assert.equal(writer.reader.row(2, Buffer.of(5))?.synthetic, false);
    const serial = BigInt(`0x${Buffer.from(syntheticSerial(7)).toString("hex")}`);
    await change(writer, revoke(serial));
    const row = writer.reader.row(1, syntheticSerial(7));
    assert.deepEqual([row?.state, row?.synthetic], ["revoked", true]);
  });
});

describe("a synthetic population", () => {
  it("has the same serials everywhere, 17 octets long, ascending", () => {
    assert.equal(Buffer.from(syntheticSerial(0)).toString("hex"), "5e0000000000002b7ab0f92e10ecb273b2");
    for (let n = 1; n < 1_000; n++)
      assert(
        Buffer.compare(syntheticSerial(n - 1), syntheticSerial(n)) < 0 && syntheticSerial(n).length === 17,
      );
  });

  it("has as many revoked ones as asked for, spread evenly", () => {
    for (const [certificates, revoked] of [
      [1, 0],
      [1, 1],
      [1_000, 3],
      [1_000, 999],
      [7_919, 1_234],
    ] as const) {
      const numbers = Array.from({ length: certificates }, (_, n) => n);
      const half = Math.floor(certificates / 2);
      const of = (some: number[]): number =>
        some.filter((n) => isRevoked({ certificates, revoked }, n)).length;
      assert.equal(of(numbers), revoked);
      assert(Math.abs(of(numbers.slice(0, half)) - revoked / 2) <= 1);
    }
  });
});
