import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import type { BatchResult, BatchTask } from "../../src/responder/batch.js";
import { HOT, PreSigner, type PresignScope } from "../../src/responder/pre-signer.js";
import { TokenUnavailable } from "../../src/responder/signing-pool.js";
import { workerOf } from "../support/batch.js";
import { enrol, type Installation, makeInstallation, revoke, TestClock } from "../support/installation.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";
import { getTarget, TestResponder } from "../support/test-responder.js";

/** Kept answers that are in use are signed anew before a client would have to wait (standards E5, F7; invariants 1, 9). */

const DAY = 86_400;

describe("PreSigner", () => {
  let installation: Installation;
  let clock: TestClock;
  let responder: TestResponder;
  let preSigner: PreSigner;
  let batches: number;
  let tokenWorks: boolean;
  let jitter: number;
  before(async () => {
    clock = new TestClock();
    installation = await makeInstallation((text) => text, clock);
    await enrol(installation);
  });
  after(() => installation.close());
  let scope: PresignScope;
  beforeEach(() => {
    scope = HOT;
    batches = 0;
    tokenWorks = true;
    jitter = 0.5;
    const work = workerOf(installation, clock);
    const run = (task: BatchTask): Promise<BatchResult> => {
      if (!tokenWorks) return Promise.reject(new TokenUnavailable("the token does not answer"));
      batches++;
      return work(task);
    };
    responder = new TestResponder(installation, { clock, run });
    preSigner = new PreSigner(
      10,
      (key) => responder.cache.peek(key),
      (key, done) => responder.frontend.refresh(key, done),
      clock,
      scope,
      () => jitter,
    );
    responder.onKept = (key, answer) => preSigner.kept(key, answer);
    responder.cache.onEvicted = (key, answer) => {
      if (key.startsWith("0")) preSigner.evicted(key, answer);
    };
  });

  const question = async (): Promise<{ serial: Uint8Array; request: Buffer }> => {
    const { serialNumber } = await installation.issue();
    return { serial: serialNumber, request: ocspRequest(installation.root.certificate, [serialNumber]) };
  };
  /** Until the batcher's turn has come and its batch is back. */
  const settled = async (wanted: () => boolean): Promise<void> => {
    while (!wanted()) await new Promise(setImmediate);
  };

  test("an answer in use is signed anew before half of its life, and clients find it kept", async () => {
    const { request, serial } = await question();
    const first = await responder.post(request);
    await responder.get(getTarget(request));
    assert.equal(batches, 1);
    clock.advance(4 * DAY * 0.37);
    preSigner.tick();
    assert.equal(preSigner.backlog, 0, "not due yet: at 0.375 of its life");
    clock.advance(4 * DAY * 0.01);
    assert.equal(preSigner.backlog, 1);
    preSigner.tick();
    await settled(() => preSigner.signed === 1);
    assert.equal(batches, 2);
    clock.advance(4 * DAY * 0.2);
    const later = await responder.post(request);
    assert.equal(statusIn(later.body, serial), "good");
    assert.notDeepEqual(later.body, first.body);
    assert.equal(batches, 2, "the client waited for no signature");
  });

  test("an answer that nobody used since is left to expire", async () => {
    const { request } = await question();
    await responder.post(request);
    clock.advance(2 * DAY);
    preSigner.tick();
    assert.equal(preSigner.backlog, 0);
    assert.equal(batches, 1);
  });

  test("jitter spreads what was made together between 0.3 and 0.45 of its life", async () => {
    for (const value of [0, 0.999]) {
      jitter = value;
      const { request } = await question();
      await responder.post(request);
      await responder.post(request);
    }
    clock.advance(4 * DAY * 0.31);
    preSigner.tick();
    await settled(() => preSigner.signed === 1);
    clock.advance(4 * DAY * 0.12);
    preSigner.tick();
    assert.equal(preSigner.signed, 1);
    clock.advance(4 * DAY * 0.03);
    preSigner.tick();
    await settled(() => preSigner.signed >= 2);
  });

  test("after a revocation the new answer is signed at once, for what was in use", async () => {
    const { request, serial } = await question();
    await responder.post(request);
    await responder.post(request);
    await revoke(installation, serial);
    // The next request of anybody catches up with the journal.
    await responder.post((await question()).request);
    preSigner.tick();
    await settled(() => preSigner.signed === 1);
    const signedBefore = batches;
    assert.equal(statusIn((await responder.post(request)).body, serial), "revoked");
    assert.equal(batches, signedBefore);
  });

  test("without a token it waits, and goes on by itself", async () => {
    const { request } = await question();
    await responder.post(request);
    await responder.post(request);
    clock.advance(4 * DAY * 0.4);
    tokenWorks = false;
    preSigner.tick();
    await settled(() => preSigner.firstExpiry !== undefined);
    assert.equal(preSigner.signed, 0);
    tokenWorks = true;
    preSigner.tick();
    assert.equal(preSigner.backlog, 0, "not tried again at once");
    clock.advance(11);
    preSigner.tick();
    await settled(() => preSigner.signed === 1);
  });

  test("the index stays bounded: what the cache has let go leaves it", async () => {
    for (let i = 0; i < 25; i++) {
      const { request } = await question();
      await responder.post(request);
      await responder.post(request);
      responder.cache.clear();
    }
    clock.advance(4 * DAY * 0.46);
    assert.ok(preSigner.backlog <= 11);
  });
});
