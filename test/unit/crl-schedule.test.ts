import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { pino } from "pino";
import type { Authority } from "../../src/issuer/authority.js";
import { createCa } from "../../src/issuer/create-ca.js";
import { CrlPublisher } from "../../src/issuer/crl-publisher.js";
import { CrlSchedule } from "../../src/issuer/crl-schedule.js";
import type { PublishedCrl } from "../../src/issuer/published-crl.js";
import {
  type Installation,
  makeInstallation,
  silent,
  TestClock,
  withSubordinateCa,
} from "../support/installation.js";

const HOUR = 3_600;

/** Publishes in memory by the test's clock; fails while told to. */
class MemoryPublisher extends CrlPublisher {
  readonly crls = new Map<string, PublishedCrl>();
  attempts = 0;
  fault: Error | undefined;

  constructor(
    { config, context }: Installation,
    private readonly clock: TestClock,
  ) {
    super(config, context.status, context.ca, silent);
  }

  override published({ id }: Authority): PublishedCrl | undefined {
    return this.crls.get(id);
  }

  override async publish({ id }: Authority): Promise<PublishedCrl> {
    this.attempts++;
    await new Promise(setImmediate);
    if (this.fault !== undefined) throw this.fault;
    const number = (this.crls.get(id)?.number ?? 0n) + 1n;
    const crl = {
      file: "",
      number,
      thisUpdate: this.clock.seconds,
      nextUpdate: this.clock.seconds + 24 * HOUR,
      entries: 0,
      bytes: 0,
      sha256: "",
    };
    this.crls.set(id, crl);
    return crl;
  }
}

describe("CrlSchedule", () => {
  let installation: Installation;
  before(async () => {
    installation = await makeInstallation(withSubordinateCa);
    await createCa(installation.context, installation.keyStore("sub"), "sub");
  });
  after(() => installation.close());

  function schedule(authorities = installation.context.authorities) {
    const clock = new TestClock();
    const publisher = new MemoryPublisher(installation, clock);
    const told: string[] = [];
    const logged: string[] = [];
    const log = pino({ level: "error" }, { write: (line) => logged.push(JSON.parse(line).msg) });
    const made = new CrlSchedule(authorities, publisher, clock, log, async ({ id }, { number }, why) => {
      told.push(`${id} ${number}: ${why}`);
    });
    return { schedule: made, clock, publisher, told, logged };
  }

  test("publishes at once where there is none, then each crl.period, for every CA", async () => {
    const { schedule: made, clock, told } = schedule();
    await made.tick();
    await made.tick();
    assert.deepEqual(told, ["root 1: no CRL is published", "sub 1: no CRL is published"]);
    clock.advance(12 * HOUR - 1);
    await made.tick();
    assert.equal(told.length, 2);
    clock.advance(1);
    await made.tick();
    assert.deepEqual(told.slice(2), ["root 2: crl.period has passed", "sub 2: crl.period has passed"]);
    assert.equal(made.due(installation.root).at, clock.seconds + 12 * HOUR);
  });

  test("an operator's CRL under way spares the scheduled one", async () => {
    const { schedule: made, told } = schedule();
    await Promise.all([made.publish(installation.root, "asked"), made.tick(), made.tick()]);
    assert.deepEqual(
      told.filter((line) => line.startsWith("root")),
      ["root 1: asked"],
    );
  });

  test("two that operators ask for at once are made one after the other", async () => {
    const { schedule: made } = schedule();
    const { root } = installation;
    const crls = await Promise.all([made.publish(root, "a"), made.publish(root, "b")]);
    assert.deepEqual(
      crls.map(({ number }) => number),
      [1n, 2n],
    );
    await made.idle();
  });

  test("a failure is logged, waits 30 s and is tried again; an operator need not wait", async () => {
    const { schedule: made, clock, publisher, told, logged } = schedule();
    publisher.fault = new Error("disk full");
    await made.tick();
    await made.tick();
    assert.equal(publisher.attempts, 2, "one a CA");
    assert.equal(logged.length, 2);
    await assert.rejects(made.publish(installation.root, "asked"), /disk full/);
    clock.advance(29);
    await made.tick();
    assert.equal(publisher.attempts, 3);
    publisher.fault = undefined;
    clock.advance(1);
    await made.tick();
    assert.equal(told.length, 2);
  });
});
