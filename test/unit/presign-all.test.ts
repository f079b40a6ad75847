import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { latin1 } from "../../src/core/bytes.js";
import { PreSigner } from "../../src/responder/pre-signer.js";
import { PresignAll } from "../../src/responder/presign-all.js";
import { Trust } from "../../src/responder/trust.js";
import { rowKey } from "../../src/store/layout.js";
import {
  enrol,
  type Installation,
  makeInstallation,
  revoke,
  silent,
  TestClock,
} from "../support/installation.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";
import { TestResponder } from "../support/test-responder.js";

/** `presign = "all"`: answers about every certificate before anybody asks. */

const DAY = 86_400;

class Scene {
  readonly clock = new TestClock();
  responder!: TestResponder;
  scope!: PresignAll;
  preSigner!: PreSigner;

  private constructor(readonly installation: Installation) {}

  static async make(t: TestContext): Promise<Scene> {
    const clock = new TestClock();
    const installation = await makeInstallation((text) => text, clock);
    t.after(() => installation.close());
    await enrol(installation);
    return Object.assign(new Scene(installation), { clock });
  }

  /** Starts the responder on what was issued so far. */
  start(): void {
    const { installation, clock } = this;
    const { reader } = installation.context.status;
    this.responder = new TestResponder(installation, { clock });
    this.scope = new PresignAll(reader, new Trust(reader, installation.config, undefined, silent), clock);
    this.scope.plan(1);
    this.preSigner = new PreSigner(
      10_000,
      (key) => this.responder.cache.peek(key),
      (key, done) => this.responder.frontend.refresh(key, done),
      clock,
      this.scope,
    );
    this.responder.onKept = (key, answer) => this.preSigner.kept(key, answer);
    this.responder.cache.onEvicted = (key, answer) => this.preSigner.evicted(key, answer);
  }

  async signed(count: number): Promise<void> {
    this.preSigner.tick();
    while (this.preSigner.signed < count) await new Promise(setImmediate);
  }

  question(serial: Uint8Array): Buffer {
    return ocspRequest(this.installation.root.certificate, [serial]);
  }

  kept(serial: Uint8Array): string | undefined {
    const answer = this.responder.cache.peek(latin1(this.question(serial)));
    return answer === undefined ? undefined : statusIn(answer.body, serial);
  }
}

describe("PresignAll", () => {
  test("every certificate has an answer that no client asked for, the revoked ones too", async (t) => {
    const scene = await Scene.make(t);
    const certificates = await Promise.all(Array.from({ length: 30 }, () => scene.installation.issue()));
    const [first] = certificates;
    assert.ok(first);
    await revoke(scene.installation, first.serialNumber);
    scene.start();
    // 30, the root's and the delegate's own.
    await scene.signed(32);
    for (const { serialNumber } of certificates)
      assert.equal(scene.kept(serialNumber), serialNumber === first.serialNumber ? "revoked" : "good");
    const { body } = await scene.responder.post(scene.question(first.serialNumber));
    assert.equal(statusIn(body, first.serialNumber), "revoked");
    assert.deepEqual(scene.responder.counted, ["POST cached"], "in the bytes that clients send");
  });

  test("renewed before half of its life though nobody asks; what is issued later joins; expired ones leave", async (t) => {
    const scene = await Scene.make(t);
    const { serialNumber } = await scene.installation.issue();
    scene.start();
    await scene.signed(3);
    scene.clock.advance(2 * DAY);
    await scene.signed(6);
    const later = (await scene.installation.issue()).serialNumber;
    scene.preSigner.changed(rowOf(scene, later));
    await scene.signed(7);
    assert.equal(scene.kept(later), "good");
    assert.ok(scene.scope.request(rowOf(scene, later)));
    scene.clock.advance(100 * DAY);
    assert.equal(scene.scope.request(rowOf(scene, later)), undefined);
    const answer = scene.responder.cache.peek(latin1(scene.question(serialNumber)));
    assert.ok(answer && !scene.scope.isWanted(answer));
  });

  test("the plan counts signatures, hours and bytes, and says what cannot be kept up", async (t) => {
    const scene = await Scene.make(t);
    await Promise.all(Array.from({ length: 8 }, () => scene.installation.issue()));
    scene.start();
    const { signatures, hours, bytes, feasible } = scene.scope.plan(3_600);
    assert.deepEqual({ signatures, bytes, feasible }, { signatures: 10, bytes: 20_480, feasible: true });
    assert.equal(hours, 0.01);
    assert.equal(scene.scope.plan((DAY / 10) * 1_000).feasible, false, "10 signatures of a tenth of a day");
  });

  test("pages: more certificates than one page, each once", async (t) => {
    const scene = await Scene.make(t);
    const { context, root } = scene.installation;
    const serials = Array.from({ length: 2_500 }, (_, i) => Buffer.from([1 + (i >> 8), i & 255]));
    await context.status.transact(({ append }) =>
      append({
        kind: "changes",
        changes: serials.map((serial) => ({
          op: "issue" as const,
          issuer: root.issuer,
          serial,
          notAfter: scene.clock.seconds + DAY,
          shard: 0,
          certificateHash: new Uint8Array(32),
        })),
      }),
    );
    scene.start();
    const requests = [...scene.scope.requests()];
    assert.equal(new Set(requests).size, requests.length);
    assert.equal(requests.length, 2_502);
  });
});

const rowOf = ({ installation }: Scene, serial: Uint8Array): string =>
  latin1(rowKey(installation.root.issuer, serial));
