import assert from "node:assert/strict";
import { test } from "node:test";
import type { BatchResult, BatchTask } from "../../src/responder/batch.js";
import { SigningPool, TokenUnavailable } from "../../src/responder/signing-pool.js";
import { TokenBreaker } from "../../src/responder/token-breaker.js";

/** Invariant 9: a lost or hung token opens a breaker, and it heals without an operator. */

const TASK: BatchTask = { requests: Buffer.from("r"), ends: Uint32Array.of(1) };

const result = (fields: Partial<BatchResult> = {}): BatchResult => ({
  position: 1,
  responses: new Uint8Array(0),
  ends: new Uint32Array(0),
  answers: [],
  signatures: 1,
  signingMs: 1,
  signingFault: undefined,
  ...fields,
});

/** A pool whose workers are the test; time in the breaker is the test's, too. */
function makePool(deadlineMs = 20) {
  const time = { ms: 0 };
  const changes: string[] = [];
  const breaker = new TokenBreaker(
    { nowMs: () => time.ms },
    (state, reason) => changes.push(`${state}: ${reason}`),
    () => 0,
  );
  const calls: { task: BatchTask; resolve(result: BatchResult): void; reject(error: Error): void }[] = [];
  let onCall: () => void = () => undefined;
  const workers = {
    run: (task: BatchTask): Promise<BatchResult> =>
      new Promise((resolve, reject) => {
        calls.push({ task, resolve, reject });
        onCall();
      }),
  };
  const pool = new SigningPool(workers, breaker, deadlineMs);
  /** Resolves once the workers have been called `count` times. */
  const called = (count: number): Promise<void> =>
    new Promise((resolve) => {
      onCall = () => {
        if (calls.length >= count) resolve();
      };
      onCall();
    });
  return { pool, breaker, calls, called, changes, time };
}

/** Node ends a test whose only pending work is an unref'ed timer. */
async function alive<T>(work: Promise<T>): Promise<T> {
  const keep = setInterval(() => undefined, 1_000);
  return await work.finally(() => clearInterval(keep));
}

test("one failed batch is forgiven, two in a row open the breaker", async () => {
  const { pool, breaker, calls } = makePool();
  for (const [i, state] of [
    [0, "closed"],
    [1, "open"],
  ] as const) {
    const run = pool.run(TASK);
    calls[i]?.resolve(result({ signatures: 0, signingFault: "C_Sign: CKR_DEVICE_ERROR" }));
    await run;
    assert.equal(breaker.state, state);
  }
  await assert.rejects(pool.run(TASK), TokenUnavailable);
  assert.equal(calls.length, 2, "no worker was bothered");
  pool.close();
});

test("a success between failures starts the count again", async () => {
  const { pool, breaker, calls } = makePool();
  for (const [i, signingFault] of ["CKR", undefined, "CKR"].entries()) {
    const run = pool.run(TASK);
    calls[i]?.resolve(result({ signatures: signingFault === undefined ? 1 : 0, signingFault }));
    await run;
  }
  assert.equal(breaker.state, "closed");
  pool.close();
});

test("a late batch opens it at once; its own late success closes it", async () => {
  const { pool, breaker, calls, changes } = makePool();
  await alive(assert.rejects(pool.run(TASK), TokenUnavailable));
  assert.equal(breaker.state, "open");
  assert.ok(pool.hungMs > 0);
  calls[0]?.resolve(result());
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(pool.hungMs, 0);
  assert.equal(breaker.state, "closed");
  assert.deepEqual(changes, [
    "open: a call to the token passed its deadline",
    "closed: the token signs again",
  ]);
  pool.close();
});

test("a late batch that comes back refused is followed by a probe at once", async () => {
  const { pool, breaker, calls, called } = makePool();
  await alive(assert.rejects(pool.run(TASK), TokenUnavailable));
  calls[0]?.resolve(result({ signatures: 0, signingFault: "C_Sign: CKR_SESSION_HANDLE_INVALID" }));
  await alive(called(2));
  assert.equal(calls[1]?.task.probe, true);
  calls[1]?.resolve(result());
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(breaker.state, "closed");
  pool.close();
});

test("probes come one at a time, only when due, and a failed one keeps it open", async () => {
  const { breaker, time, pool } = makePool();
  breaker.late();
  assert.equal(breaker.takeProbe(), false, "not due yet");
  time.ms = 1_000;
  assert.equal(breaker.takeProbe(), true);
  assert.equal(breaker.takeProbe(), false, "one is under way");
  breaker.failed("C_Login: CKR_TOKEN_NOT_PRESENT");
  assert.equal(breaker.state, "open");
  assert.equal(breaker.takeProbe(), false);
  time.ms = 2_000;
  assert.equal(breaker.takeProbe(), true);
  breaker.succeeded();
  assert.equal(breaker.state, "closed");
  pool.close();
});
