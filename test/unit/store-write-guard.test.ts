import assert from "node:assert/strict";
import { it } from "node:test";
import type { Environment } from "../../src/store/environment.js";
import { WriteGuard } from "../../src/store/write-guard.js";

/** What lmdb does when a commit fails: one error that says nothing, and the reason in a promise that may never settle. */
function failing(commitError: Promise<never>): Environment {
  const error = Object.assign(new Error("Commit failed"), { commitError });
  return { childTransaction: () => Promise.reject(error) } as unknown as Environment;
}

it("the first failed commit ends all writing, with the disk's reason", async () => {
  const guard = new WriteGuard("the store");
  const environment = failing(Promise.reject(new Error("no space")));
  const failed = { code: "STORE_FAILED", message: "the store could not be written: no space" };
  await assert.rejects(
    guard.transaction(environment, () => 1),
    failed,
  );
  const working = { childTransaction: async (action: () => number) => action() } as unknown as Environment;
  await assert.rejects(
    guard.transaction(working, () => 1),
    failed,
  );
  assert.throws(() => guard.write(() => assert.fail("written")), failed);
  assert.equal((await guard.failed).code, "STORE_FAILED");
});

it("a reason that lmdb never gives keeps nobody waiting", async () => {
  const guard = new WriteGuard("the store");
  const never = new Promise<never>(() => undefined);
  await assert.rejects(
    guard.transaction(failing(never), () => 1),
    { message: /Commit failed/ },
  );
  assert.equal((await guard.failed).code, "STORE_FAILED");
});

it("what waits behind a failed commit is refused with it, although lmdb never answers", async () => {
  const guard = new WriteGuard("the store");
  const silent = { childTransaction: () => new Promise(() => undefined) } as unknown as Environment;
  const waiting = assert.rejects(
    guard.transaction(silent, () => 1),
    { code: "STORE_FAILED" },
  );
  await assert.rejects(guard.transaction(failing(Promise.reject(new Error("no space"))), () => 1));
  await waiting;
});

it("what the action throws is passed on, and the next transaction works", async () => {
  const guard = new WriteGuard("the store");
  const environment = {
    childTransaction: async (action: () => number) => action(),
  } as unknown as Environment;
  const refuse = (): never => {
    throw new RangeError("refused");
  };
  await assert.rejects(guard.transaction(environment, refuse), RangeError);
  assert.equal(await guard.transaction(environment, () => 2), 2);
});
