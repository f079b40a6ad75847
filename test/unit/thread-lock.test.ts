import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { ThreadLock } from "../../src/core/thread-lock.js";

const THREADS = 3;
const ROUNDS = 100_000;

const COUNTS = `
  const { workerData } = require("node:worker_threads");
  import(workerData.module).then(({ ThreadLock }) => {
    const lock = new ThreadLock(workerData.shared);
    const count = new Int32Array(workerData.counter);
    for (let i = 0; i < ${ROUNDS}; i++) lock.run(() => { count[0] = count[0] + 1; });
  });`;

test("one thread at a time", async () => {
  const workerData = {
    module: new URL("../../src/core/thread-lock.js", import.meta.url).href,
    shared: new SharedArrayBuffer(4),
    counter: new SharedArrayBuffer(4),
  };
  const threads = Array.from({ length: THREADS }, () => new Worker(COUNTS, { eval: true, workerData }));
  await Promise.all(threads.map((thread) => once(thread, "exit")));
  assert.equal(new Int32Array(workerData.counter)[0], THREADS * ROUNDS);
});

test("what fails under the lock gives it back", () => {
  const lock = new ThreadLock(new SharedArrayBuffer(4));
  assert.throws(() =>
    lock.run(() => {
      throw new Error("failed");
    }),
  );
  assert.equal(
    lock.run(() => "again"),
    "again",
  );
});
