import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { ALL } from "../../src/crl/scope.js";
import { positionPath } from "../../src/store/position-file.js";
import { comparable } from "../support/comparable.js";
import {
  change,
  inSnapshot,
  issue,
  openReader,
  openWriter,
  revoke,
  revokedSerials,
} from "../support/store.js";
import { tempDir } from "../support/temp-dir.js";

const PROCESS = fileURLToPath(new URL("../support/store-process.js", import.meta.url));

it("a reader in another process sees a commit after refresh (invariant 1)", async (t) => {
  const dir = tempDir(t);
  const writer = openWriter(dir);
  t.after(() => writer.close());
  const reader = spawn(process.execPath, [PROCESS, "read", dir], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => reader.kill());
  const lines = createInterface(reader.stdout)[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => (await lines.next()).value;
  const state = (serial: number): Promise<string> => {
    reader.stdin.write(`${serial}\n`);
    return nextLine();
  };
  assert.equal(await nextLine(), "ready");
  for (let serial = 1; serial <= 50; serial++) {
    assert.equal(await state(serial), "unknown");
    await change(writer, issue(serial));
    assert.equal(await state(serial), "good");
    await change(writer, revoke(serial));
    assert.equal(await state(serial), "revoked");
  }
  reader.stdin.end();
  assert.deepEqual(await once(reader, "exit"), [0, null]);
});

it("a snapshot stays what it was while another process commits", async (t) => {
  const dir = tempDir(t);
  const writer = openWriter(dir);
  await change(writer, issue(1), issue(2));
  await change(writer, revoke(2));
  await writer.close();
  const reader = openReader(dir);
  t.after(() => reader.close());
  const other = spawn(process.execPath, [PROCESS, "write", dir, "1000"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  t.after(() => other.kill("SIGKILL"));
  const exit = once(other, "exit");

  inSnapshot(reader, (snapshot) => {
    const look = () => ({
      head: snapshot.head(),
      listed: [...snapshot.listed(1, ALL)].map((block) => Buffer.from(block)),
      changed: [...snapshot.changes(1, ALL, 0)],
    });
    const before = comparable(look());
    waitForPosition(dir, snapshot.head().position + 100);
    reader.refresh();
    assert.deepEqual(comparable(look()), before);
  });
  other.kill("SIGKILL");
  await exit;
  reader.refresh();
  assert(reader.head().position >= 102);
  assert(revokedSerials(reader).length > 1);
});

/** Blocks this thread, timers and all, until the other process has stored a position. */
function waitForPosition(dir: string, wanted: number): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const deadline = Date.now() + 30_000;
  while (readFileSync(positionPath(dir)).readUInt32LE(0) < wanted) {
    assert(Date.now() < deadline, "the other process commits nothing");
    Atomics.wait(pause, 0, 0, 2);
  }
}
