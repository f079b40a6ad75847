import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import fc from "fast-check";
import { applyBody } from "../../src/store/apply.js";
import { openForReading, openForWriting, statusEnvironment } from "../../src/store/environment.js";
import type { Change } from "../../src/store/journal-record.js";
import { readSynthetic, type StatusTables, statusTables } from "../../src/store/status-tables.js";
import { assertJournalChains } from "../support/journal.js";
import { type PackedRow, pack } from "../support/rows.js";
import { issue, openReader, openWriter, release, revoke, serialOf, storeOptions } from "../support/store.js";
import { tempDir } from "../support/temp-dir.js";

/** What rows, CRLs and delegates are made of; the journal must suffice to rebuild it (DESIGN section 5). */
const REBUILT = ["rows", "revoked", "issuers", "delegates"] as const;

/** Every key and value of the rebuilt tables in hexadecimal. */
function dump(tables: StatusTables): Record<string, string[]> {
  const entries = (name: (typeof REBUILT)[number]): string[] =>
    [...tables[name].getRange({})].map(({ key, value }) => `${key.toString("hex")}=${value.toString("hex")}`);
  return Object.fromEntries(REBUILT.map((name) => [name, entries(name)]));
}

const SERIALS = 40;

/** Serials 31 to 40, every other one revoked. */
const imported: PackedRow[] = Array.from({ length: 10 }, (_, n) => {
  const serial = serialOf(31 + n).toString("hex");
  const absent = { reason: 0, revocationTime: 0, invalidityDate: 0 };
  const good = { serial, state: "good", notAfter: 1_900_000_000, ...absent } as const;
  return n % 2 === 0 ? good : { ...good, state: "revoked", reason: 4, revocationTime: 1_790_000_000 };
});

/** Serials 1 to 30 are issued, 31 to 40 imported, then all are changed in any order. */
const history = fc.array(
  fc.record({
    serial: fc.integer({ min: 1, max: SERIALS }),
    act: fc.constantFrom("revoke", "hold", "release"),
  }),
  { minLength: 20, maxLength: 80 },
);

it("replaying the journal into an empty environment gives the same tables, byte for byte", async (t) => {
  const dir = tempDir(t);
  const [acts] = fc.sample(history, 1);
  assert(acts !== undefined);
  const writer = openWriter(dir);
  const certificate = Buffer.from("3000", "hex");
  await writer.transact((transaction) => {
    transaction.append({ kind: "issuer", issuer: 1, id: "root", certificate });
    transaction.append({ kind: "changes", changes: Array.from({ length: 30 }, (_, n) => issue(n + 1)) });
    transaction.append({ kind: "delegate", issuer: 1, serial: Buffer.of(9), certificate });
    transaction.append({ kind: "import", issuer: 1, origin: "synthetic", shard: 7, rows: pack(imported) });
  });
  for (const { serial, act } of acts) {
    const changes: Change[] = [act === "release" ? release(serial) : revoke(serial, act === "hold" ? 6 : 1)];
    await writer.transact((transaction) => transaction.append({ kind: "changes", changes }));
  }
  await writer.close();

  const reader = openReader(dir);
  const bodies = assertJournalChains(reader);
  const original = openForReading(statusEnvironment(storeOptions(dir)));
  const rebuilt = openForWriting(statusEnvironment(storeOptions(join(dir, "rebuilt"))));
  t.after(async () => {
    for (const opened of [reader, original, rebuilt]) await opened.close();
  });
  const tables = statusTables(rebuilt);
  await rebuilt.transaction(() => {
    bodies.forEach((body, index) => {
      applyBody(tables, body, index + 1);
    });
  });
  const expected = dump(statusTables(original));
  assert.equal(expected.rows?.length, SERIALS);
  assert.deepEqual(dump(tables), expected);
  assert.equal(readSynthetic(tables.meta, 1), imported.length);
});
