import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Piscina } from "piscina";
import { systemClock } from "../../src/core/clock.js";
import type { HttpReply, HttpRequest } from "../../src/http/handler.js";
import { PeerBudget } from "../../src/http/peer-budget.js";
import { changeStatus } from "../../src/issuer/change-status.js";
import { admit } from "../../src/responder/admission.js";
import {
  type BatchResult,
  type BatchTask,
  type PackedResult,
  unpackResult,
} from "../../src/responder/batch.js";
import { Batcher } from "../../src/responder/batcher.js";
import { Frontend } from "../../src/responder/frontend.js";
import { JournalFollower } from "../../src/responder/journal-follower.js";
import { ResponseCache } from "../../src/responder/response-cache.js";
import { Trust } from "../../src/responder/trust.js";
import type { StatusReader } from "../../src/store/status-reader.js";
import type { Certificate } from "../../src/x509/certificate.js";
import { enrol, type Installation, makeInstallation, silent } from "../support/installation.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";

/** Invariant 1: a request that arrives after a revocation was acknowledged is never answered good, in any worker mode. */

const ROUNDS = 60;

/** The responder without HTTP: real workers, real store opened a second time, cache and follower as in production. */
class Harness {
  readonly pool: Piscina<BatchTask, PackedResult>;
  readonly cache = new ResponseCache(10_000);
  readonly reader: StatusReader;
  private readonly frontend: Frontend;
  /** Results of workers are delivered once this has resolved. */
  delivery: Promise<void> = Promise.resolve();
  /** Called when a worker has answered, before delivery. */
  onSigned: () => void = () => undefined;

  constructor(installation: Installation, atomics: "sync" | "async" | "disabled") {
    const { config } = installation;
    this.pool = new Piscina({
      filename: new URL("../../src/responder/worker.js", import.meta.url).href,
      minThreads: 2,
      maxThreads: 2,
      atomics,
      workerData: { config },
    });
    this.reader = installation.context.status.reader;
    const follower = new JournalFollower(this.reader, () => this.reader.head().position, this.cache);
    const trust = new Trust(this.reader, config, installation.keyStore, silent);
    const run = async (task: BatchTask): Promise<BatchResult> => {
      const result = unpackResult(await this.pool.run(task));
      this.onSigned();
      await this.delivery;
      return result;
    };
    const batcher = new Batcher(
      run,
      { workers: 2, maxWaiting: { known: 1_000, nonce: 1_000, unknown: 1_000, refresh: 1_000 } },
      (error) => assert.ifError(error),
    );
    this.frontend = new Frontend(
      this.cache,
      follower,
      (request) => admit(request, trust, this.reader, follower.position, 16),
      batcher,
      new PeerBudget(1_000),
      () => assert.fail(),
      systemClock,
      {
        answered() {},
      },
    );
  }

  post(body: Buffer): Promise<Uint8Array> {
    return new Promise((resolve) => {
      const request: HttpRequest = { method: "POST", target: "/ocsp", body, peer: "test", header: () => "" };
      const reply: HttpReply = {
        aborted: false,
        send: (_status, _fields, answer) => resolve(answer),
        sendFile: () => assert.fail("no OCSP answer is a file"),
      };
      this.frontend.handle(request, reply);
    });
  }
}

describe("no stale good (invariant 1)", () => {
  let installation: Installation;
  before(async () => {
    installation = await makeInstallation();
    await enrol(installation);
  });
  after(() => installation.close());

  const revoke = (certificate: Certificate) =>
    changeStatus(
      installation.context.status,
      installation.root.issuer,
      [{ act: "revoke", serial: certificate.serialNumber, reason: 1, invalidityDate: 0 }],
      Math.floor(Date.now() / 1000),
    );

  for (const atomics of ["sync", "async", "disabled"] as const) {
    test(`revoke then ask, ${ROUNDS} rounds, Piscina atomics ${atomics}`, async () => {
      const harness = new Harness(installation, atomics);
      try {
        for (let round = 0; round < ROUNDS; round++) {
          const certificate = await installation.issue();
          const { serialNumber } = certificate;
          const request = ocspRequest(installation.root.certificate, [serialNumber]);
          // Both workers and the cache have seen it good; one answer is under way while the revocation is made.
          const warm = await Promise.all([harness.post(request), harness.post(Buffer.from(request))]);
          for (const answer of warm) assert.equal(statusIn(answer, serialNumber), "good");
          const underWay = harness.post(
            ocspRequest(installation.root.certificate, [serialNumber], Buffer.alloc(16, round)),
          );
          await revoke(certificate);
          const answers = await Promise.all(Array.from({ length: 8 }, () => harness.post(request)));
          for (const answer of answers) assert.equal(statusIn(answer, serialNumber), "revoked");
          await underWay;
          assert.equal(statusIn(await harness.post(request), serialNumber), "revoked");
        }
      } finally {
        await harness.pool.destroy();
      }
    });
  }

  test("an answer that was being signed during the revocation is not kept", async () => {
    const harness = new Harness(installation, "sync");
    try {
      const certificate = await installation.issue();
      const request = ocspRequest(installation.root.certificate, [certificate.serialNumber]);
      let deliver = (): void => undefined;
      harness.delivery = new Promise((resolve) => {
        deliver = resolve;
      });
      const signed = new Promise<void>((resolve) => {
        harness.onSigned = resolve;
      });
      const underWay = harness.post(request);
      await signed;
      await revoke(certificate);
      deliver();
      assert.equal(
        statusIn(await underWay, certificate.serialNumber),
        "good",
        "it was asked before the revocation",
      );
      const answer = await harness.post(request);
      assert.equal(statusIn(answer, certificate.serialNumber), "revoked");
    } finally {
      await harness.pool.destroy();
    }
  });
});
