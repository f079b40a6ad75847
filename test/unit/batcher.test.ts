import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { RequestClass } from "../../src/responder/admission.js";
import { type BatchResult, type BatchTask, pack, packed, unsignedAnswer } from "../../src/responder/batch.js";
import { Batcher } from "../../src/responder/batcher.js";

/** How requests become batches. */

interface Run {
  readonly requests: string[];
  finish(fields?: Partial<BatchResult>): void;
  fail(error: Error): void;
}

/** A batcher whose worker is the test: it echoes requests when told to. */
function makeBatcher(workers = 1, maxWaiting = 1_000) {
  const runs: Run[] = [];
  const failures: unknown[] = [];
  const run = (task: BatchTask): Promise<BatchResult> =>
    new Promise((resolve, reject) => {
      const { requests, ends } = task;
      const answers = Array.from(ends, () => unsignedAnswer("good"));
      const echo = {
        position: 7,
        responses: requests,
        ends,
        answers,
        signatures: 0,
        signingMs: 0,
        signingFault: undefined,
      };
      runs.push({
        requests: Array.from(ends, (_, i) => Buffer.from(packed(requests, ends, i)).toString()),
        finish: (fields = {}) => resolve({ ...echo, ...fields }),
        fail: reject,
      });
    });
  const budgets = { known: maxWaiting, nonce: maxWaiting, unknown: maxWaiting, refresh: maxWaiting };
  const batcher = new Batcher(run, { workers, maxWaiting: budgets }, (error) => failures.push(error));
  const delivered: string[] = [];
  const add = (
    text: string,
    deliver = (answer: string) => void delivered.push(answer),
    requestClass: RequestClass = "known",
  ): boolean =>
    batcher.add(requestClass, text, Buffer.from(text), (response, { outcome }, position) =>
      deliver(`${response.toString()} ${outcome} ${position}`),
    );
  return { batcher, add, runs, failures, delivered };
}

setFlagsFromString("--expose-gc");
const gc: (options: { readonly type: "minor" }) => void = runInNewContext("gc");
const collectYoung = () => gc({ type: "minor" });
const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
const names = (count: number, prefix = "r") => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

describe("Batcher", () => {
  test("what arrives in one turn goes out together; equal requests share one answer", async () => {
    const { add, runs, delivered, batcher } = makeBatcher();
    for (const text of ["a", "b", "a"]) add(text);
    assert.equal(batcher.pending, 3);
    await turn();
    assert.deepEqual(
      runs.map(({ requests }) => requests),
      [["a", "b"]],
    );
    assert.equal(batcher.pending, 3);
    runs[0]?.finish();
    await turn();
    assert.deepEqual(delivered.sort(), ["a good 7", "a good 7", "b good 7"]);
    assert.equal(batcher.pending, 0);
  });

  test("a request that was handed out is not joined: a revocation may lie between (invariant 1)", async () => {
    const { add, runs } = makeBatcher();
    add("a");
    await turn();
    add("a");
    await turn();
    assert.deepEqual(
      runs.map(({ requests }) => requests),
      [["a"], ["a"]],
    );
  });

  test("never more than 64 requests a batch, nor more than two batches a worker", async () => {
    const { add, runs, batcher } = makeBatcher(1);
    // The first batches are sized for signatures of a millisecond.
    for (let i = 0; i < 20; i++) {
      add(`warm${i}`);
      await turn();
      runs.pop()?.finish({ signatures: 64, signingMs: 0.64 });
      await turn();
    }
    for (const text of names(200)) add(text);
    await turn();
    assert.deepEqual(
      runs.map(({ requests }) => requests.length),
      [64, 64],
    );
    assert.equal(batcher.pending, 200);
    runs[0]?.finish();
    await turn();
    assert.equal(runs.length, 3);
    assert.equal(runs[2]?.requests[0], "r128");
  });

  test("free workers share what waits; none keeps all of it while another has nothing to do", async () => {
    const { add, runs } = makeBatcher(2);
    for (const text of names(7)) add(text);
    await turn();
    assert.deepEqual(
      runs.map(({ requests }) => requests),
      [
        ["r0", "r1", "r2", "r3"],
        ["r4", "r5", "r6"],
      ],
    );
  });

  test("while no worker is free, a batch waits for a place's share of all requests, not longer", async () => {
    const { add, runs } = makeBatcher(1);
    const asked = () => runs.map(({ requests }) => requests.length);
    for (const text of names(6)) add(text);
    await turn();
    assert.deepEqual(asked(), [6]);
    for (const text of names(5, "few")) add(text);
    await turn();
    assert.deepEqual(asked(), [6], "5 of 11 are less than one of two places' share");
    add("sixth");
    await turn();
    assert.deepEqual(asked(), [6, 6]);
    add("one more");
    await turn();
    assert.deepEqual(asked(), [6, 6], "both places are taken");
    runs[0]?.finish();
    await turn();
    assert.deepEqual(asked(), [6, 6], "the worker has its next batch");
    runs[1]?.finish();
    await turn();
    assert.deepEqual(asked(), [6, 6, 1], "a free worker takes what there is");
  });

  test("while no worker is free, a batch takes its place's share and no more, or the next place had too little", async () => {
    const { add, runs } = makeBatcher(1);
    for (const text of names(6)) add(text);
    await turn();
    for (const text of names(20, "burst")) add(text);
    await turn();
    assert.deepEqual(
      runs.map(({ requests }) => requests.length),
      [6, 13],
    );
  });

  /** A batcher that believes in so long a signature; of those that take 30 us, 24 are worth a second worker. */
  const makeQuick = async (signatureMs = 0.03) => {
    const made = makeBatcher(2);
    for (let i = 0; i < 20; i++) {
      made.add(`warm${i}`);
      await turn();
      made.runs.pop()?.finish({ signatures: 64, signingMs: 64 * signatureMs });
      await turn();
    }
    return { ...made, asked: () => made.runs.map(({ requests }) => requests.length) };
  };

  test("quick signatures: requests are not worth a second worker until they are many", async () => {
    const { add, runs, asked } = await makeQuick();
    add("first");
    await turn();
    assert.deepEqual(asked(), [1]);
    for (const text of names(10)) add(text);
    await turn();
    assert.deepEqual(asked(), [1], "the next batch is held for the worker at work");
    runs[0]?.finish();
    await turn();
    assert.deepEqual(asked(), [1, 6], "it was a place's share of 11");
    for (const text of names(60, "more")) add(text);
    await turn();
    // 71 are worth it: the other worker takes what waits, as far as it fits.
    assert.deepEqual(asked(), [1, 6, 64]);
  });

  test("quick signatures: what is held goes to another worker when they have become many", async () => {
    const { add, asked } = await makeQuick();
    for (const text of names(8)) add(text);
    await turn();
    for (const text of names(8, "held")) add(text);
    await turn();
    assert.deepEqual(asked(), [8]);
    for (const text of names(60, "more")) add(text);
    await turn();
    assert.deepEqual(asked(), [8, 8, 19, 19], "a place's share of 76");
  });

  test("signatures that one worker makes as quickly as requests come: no second worker, however many wait", async () => {
    const { add, runs, asked } = await makeQuick(0.02);
    for (const text of names(10)) add(text);
    await turn();
    for (const text of names(500, "more")) add(text);
    await turn();
    assert.deepEqual(asked(), [10], "the next batch is held for the worker at work");
    runs[0]?.finish();
    await turn();
    assert.deepEqual(asked(), [10, 64]);
  });

  test("quick signatures: nothing waits for a worker that hangs while another is idle", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const { add, runs, asked } = await makeQuick();
    add("hangs");
    await turn();
    add("held");
    await turn();
    add("waits");
    await turn();
    assert.deepEqual(asked(), [1]);
    t.mock.timers.tick(3);
    assert.deepEqual(asked(), [1, 1, 1]);
    assert.deepEqual(runs[1]?.requests, ["held"]);
    runs[1]?.finish();
    runs[2]?.finish();
    await turn();
    for (const text of ["again", "and again"]) {
      add(text);
      await turn();
      // Whoever looks after them may have begun to before this one came.
      t.mock.timers.tick(3);
      t.mock.timers.tick(3);
      assert.deepEqual(runs.at(-1)?.requests, [text]);
      runs.at(-1)?.finish();
      await turn();
    }
  });

  test("what has been answered is gone with the next young collection", async () => {
    const { add, runs } = makeBatcher(1);
    const oldSpace = () =>
      getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space")?.space_used_size ?? 0;
    const round = async (name: string) => {
      for (const text of names(100, name)) {
        const answered = new Array(128).fill(text);
        add(text, () => void answered.pop());
      }
      await turn();
      for (let run = runs.pop(); run !== undefined; run = runs.pop()) {
        run.finish();
        await turn();
      }
      collectYoung();
    };
    await round("first");
    // What is there for long becomes old, and is then collected seldom.
    for (let i = 0; i < 5; i++) collectYoung();
    const before = oldSpace();
    for (let i = 0; i < 20; i++) await round(`round${i}`);
    const grown = oldSpace() - before;
    assert.ok(grown < 500_000, `2,000 requests of 1 KiB each left ${grown} octets behind`);
  });

  test("a worker has its next batch before those of the last one are answered", async () => {
    const { add, runs, delivered } = makeBatcher(1);
    const order: string[] = [];
    add("a", () => void order.push(`answered, ${runs.length} batches handed out`));
    await turn();
    add("b");
    runs[0]?.finish();
    await turn();
    assert.deepEqual(order, ["answered, 2 batches handed out"]);
    assert.deepEqual(delivered, []);
  });

  test("whoever holds an answer does not hold the memory of its whole batch", async () => {
    const { batcher, runs } = makeBatcher(1);
    const held: Buffer[] = [];
    // Larger than what Buffer gathers in shared pools.
    const octets = 20_000;
    for (const name of names(3))
      batcher.add("nonce", name, Buffer.alloc(octets), (answer) => held.push(answer));
    await turn();
    runs[0]?.finish();
    await turn();
    assert.deepEqual(
      held.map(({ buffer }) => buffer.byteLength),
      [octets, octets, octets],
    );
  });

  test("slow signatures make small batches (20 ms each), but never empty ones", async () => {
    const { add, runs } = makeBatcher(1);
    for (let i = 0; i < 40; i++) {
      add(`warm${i}`);
      await turn();
      runs.pop()?.finish({ signatures: 1, signingMs: 5 });
      await turn();
    }
    for (const text of names(10)) add(text);
    await turn();
    assert.equal(runs[0]?.requests.length, 4);
    for (let i = 0; i < 60; i++) {
      runs.pop()?.finish({ signatures: 1, signingMs: 500 });
      add(`more${i}`);
      await turn();
    }
    assert.equal(runs.at(-1)?.requests.length, 1);
  });

  test("strangers' questions leave workers free: one batch of them in four places, whatever waits", async () => {
    const { add, runs } = makeBatcher(2);
    const ask = (text: string, requestClass: RequestClass) => add(text, undefined, requestClass);
    const asked = () => runs.map(({ requests }) => requests);
    ask("u1", "unknown");
    await turn();
    ask("u2", "unknown");
    ask("f1", "refresh");
    await turn();
    assert.deepEqual(asked(), [["u1"]]);
    ask("n1", "nonce");
    await turn();
    assert.deepEqual(asked(), [["u1"], ["n1"]], "a better one does not wait, and takes none of them along");
    runs[0]?.finish();
    await turn();
    assert.deepEqual(asked()[2], ["u2", "f1"]);
  });

  test("what may not be handed out yet does not make the batches of better requests smaller", async () => {
    const { add, runs } = makeBatcher(1);
    const asked = () => runs.map(({ requests }) => requests.length);
    for (const text of names(4, "stranger")) add(text, undefined, "unknown");
    await turn();
    for (const text of names(10, "waiting")) add(text, undefined, "unknown");
    add("known");
    await turn();
    assert.deepEqual(asked(), [4], "1 of 5 is less than one of two places' share");
    for (const text of names(4)) add(text);
    await turn();
    assert.deepEqual(asked(), [4, 5]);
  });

  test("full: refused, nothing queued, also for a request that would join", async () => {
    const { add, runs } = makeBatcher(1, 2);
    assert.deepEqual(
      ["a", "b", "c", "a"].map((text) => add(text)),
      [true, true, false, false],
    );
    await turn();
    assert.deepEqual(runs[0]?.requests, ["a", "b"]);
    assert.ok(add("c"), "what is handed out no longer waits");
  });

  test("a worker that fails: tryLater for its batch, and the next ones go on", async () => {
    const { add, runs, delivered, failures } = makeBatcher(1);
    add("a");
    await turn();
    add("b");
    runs[0]?.fail(new Error("worker died"));
    await turn();
    assert.match(delivered[0] ?? "", / tryLater 0$/);
    assert.equal(failures.length, 1);
    runs[1]?.finish();
    await turn();
    assert.equal(delivered[1], "b good 7");
  });

  test("a delivery that throws keeps its answer from nobody else and frees its place once", async () => {
    const { add, runs, delivered, failures } = makeBatcher(1);
    add("a", () => {
      throw new Error("connection broke");
    });
    add("a");
    add("b");
    await turn();
    runs[0]?.finish();
    await turn();
    assert.deepEqual(delivered, ["a good 7", "b good 7"]);
    assert.equal(failures.length, 1);
    add("c");
    await turn();
    add("d");
    await turn();
    add("e");
    await turn();
    assert.equal(runs.length, 3, "still two places");
  });

  test("pack and packed are each other's inverse", () => {
    const parts = ["", "abc", "", "d"].map((text) => Buffer.from(text));
    const { bytes, ends } = pack(parts);
    assert.deepEqual(
      parts.map((_, i) => Buffer.from(packed(bytes, ends, i))),
      parts,
    );
    assert.equal(pack([]).bytes.length, 0);
  });
});

describe("classes of requests (invariant 9)", () => {
  test("known serials go first, then nonces, then serials that nobody issued", async () => {
    const { add, runs } = makeBatcher(1);
    add("first");
    await turn();
    add("u", undefined, "unknown");
    add("n", undefined, "nonce");
    add("k", undefined, "known");
    runs[0]?.finish({ signatures: 1, signingMs: 100 });
    await turn();
    for (const [i, expected] of ["k", "n", "u"].entries()) {
      assert.deepEqual(runs[i + 1]?.requests, [expected]);
      runs[i + 1]?.finish();
      await turn();
    }
  });

  test("a flood of one class takes no room from another", async () => {
    const { add } = makeBatcher(1, 2);
    for (const text of ["u1", "u2"]) assert.equal(add(text, undefined, "unknown"), true);
    assert.equal(add("u3", undefined, "unknown"), false);
    assert.equal(add("n1", undefined, "nonce"), true);
    assert.equal(add("k1", undefined, "known"), true);
  });
});
