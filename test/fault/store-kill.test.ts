import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { positionPath } from "../../src/store/position-file.js";
import { assertJournalChains } from "../support/journal.js";
import { openReader, openWriter, serialOf } from "../support/store.js";
import { tempDir } from "../support/temp-dir.js";

const PROCESS = fileURLToPath(new URL("../support/store-process.js", import.meta.url));
const ROUNDS = 25;

interface Acknowledged {
  readonly state: string;
  readonly position: number;
}

/**
 * Lets a writer work until it has acknowledged `changes` changes, then kills it at once. Adds what it acknowledged to
 * `states`: every whole line that reached us was acknowledged.
 */
async function writeAndKill(dir: string, from: number, changes: number, states: Map<number, Acknowledged>) {
  const writer = spawn(process.execPath, [PROCESS, "write", dir, String(from)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(writer, "exit");
  let seen = 0;
  for await (const line of createInterface(writer.stdout)) {
    const [state, serial, position] = line.split(" ");
    if (state === undefined || position === undefined || !/^\d+$/.test(position)) continue;
    states.set(Number(serial), { state, position: Number(position) });
    if (++seen === changes) writer.kill("SIGKILL");
  }
  assert.deepEqual(await exit, [null, "SIGKILL"]);
}

it(`a writer that is killed loses nothing it acknowledged, ${ROUNDS} times on one store (invariant 3)`, async (t) => {
  const dir = tempDir(t);
  const states = new Map<number, Acknowledged>();
  for (let round = 0; round < ROUNDS; round++) {
    await writeAndKill(dir, 1 + round * 100_000, 1 + Math.floor(Math.random() * 120), states);
    const lastPosition = Math.max(...[...states.values()].map(({ position }) => position));

    const writer = openWriter(dir);
    assert(readFileSync(positionPath(dir)).readUInt32LE(0) >= lastPosition);
    await writer.close();

    const reader = openReader(dir);
    assert(reader.head().position >= lastPosition);
    assertJournalChains(reader);
    for (const [serial, { state }] of states) {
      const row = reader.row(1, serialOf(serial));
      // A revocation may have reached the disk before its acknowledgement reached us; the other way round never.
      assert(
        row?.state === state || (state === "good" && row?.state === "revoked"),
        `${serial}: ${state}, ${row?.state}`,
      );
    }
    await reader.close();
  }
});
