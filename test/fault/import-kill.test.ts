import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { isRevoked, syntheticSerial } from "../../src/issuer/synthetic-population.js";
import { countRows } from "../../src/store/imported-rows.js";
import { IMPORT_PART, IMPORTED } from "../support/import-process.js";
import { assertJournalChains } from "../support/journal.js";
import { openReader } from "../support/store.js";
import { tempDir } from "../support/temp-dir.js";

const PROCESS = fileURLToPath(new URL("../support/import-process.js", import.meta.url));
const ROUNDS = 15;

/** Lets an import run until it has acknowledged `parts` parts, then kills it. Returns how many certificates it acknowledged. */
async function importAndKill(dir: string, parts: number): Promise<number> {
  const importer = spawn(process.execPath, [PROCESS, dir], { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(importer, "exit");
  let acknowledged = 0;
  let seen = 0;
  for await (const line of createInterface(importer.stdout)) {
    if (!/^\d+$/.test(line)) continue;
    acknowledged = Number(line);
    if (++seen === parts) importer.kill("SIGKILL");
  }
  await exit;
  return acknowledged;
}

it(`an import that is killed loses nothing it acknowledged, and the same one goes on, ${ROUNDS} times (invariant 3)`, async (t) => {
  const dir = tempDir(t);
  for (let round = 0; round < ROUNDS; round++) {
    const acknowledged = await importAndKill(dir, 1 + Math.floor(Math.random() * (2 + round)));
    const reader = openReader(dir);
    const imported = assertJournalChains(reader).map((body) =>
      body.kind === "import" ? countRows(Buffer.from(body.rows)) : 0,
    );
    const total = imported.reduce((sum, rows) => sum + rows, 0);
    assert(total >= acknowledged, `${total} of ${acknowledged}`);
    // Counters, table and journal are of one transaction: none is ahead of the others.
    assert.equal(reader.syntheticCount(1), total);
    assert.equal(reader.issuedCount(), total);
    for (let n = 0; n < total; n++) assert(reader.row(1, syntheticSerial(n)), `number ${n}`);
    await reader.close();
  }

  const population = { certificates: IMPORTED.certificates, revoked: IMPORTED.revoked };
  assert.equal(await importAndKill(dir, Number.POSITIVE_INFINITY), population.certificates);
  const reader = openReader(dir);
  assert.equal(reader.issuedCount(), population.certificates);
  assert.equal(reader.revokedCount(1), population.revoked);
  for (let n = 0; n < population.certificates; n += IMPORT_PART / 8)
    assert.equal(reader.row(1, syntheticSerial(n))?.state, isRevoked(population, n) ? "revoked" : "good");
  await reader.close();
});
