import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { pino } from "pino";
import type { Authority } from "../../src/issuer/authority.js";
import { createCa } from "../../src/issuer/create-ca.js";
import { CrlPublisher } from "../../src/issuer/crl-publisher.js";
import { CrlSchedule } from "../../src/issuer/crl-schedule.js";
import { COMPLETE_CRL, type CrlOrder, newest, type ScopeState } from "../../src/issuer/crl-state.js";
import { type PublishedCrl, publishedCrl } from "../../src/issuer/published-crl.js";
import type { CrlRecord } from "../../src/store/journal-record.js";
import {
  type Installation,
  makeInstallation,
  revoke,
  silent,
  TestClock,
  withSubordinateCa,
} from "../support/installation.js";

const HOUR = 3_600;

/** Publishes in memory by the test's clock; fails while told to. */
class MemoryPublisher extends CrlPublisher {
  readonly crls = new Map<string, CrlRecord[]>();
  attempts = 0;
  fault: Error | undefined;

  constructor(
    { config, context }: Installation,
    private readonly clock: TestClock,
  ) {
    super(config, context.status, context.ca, silent);
  }

  override async state({ id }: Authority, scope: number): Promise<ScopeState> {
    const records = this.crls.get(`${id} ${scope}`) ?? [];
    const found = (delta: boolean) => {
      const record = newest(records, delta);
      return { published: record && publishedCrl("", record), covers: record?.covers ?? 0 };
    };
    return { complete: found(false), delta: found(true), records, dropped: 0 };
  }

  override async publish(
    { id, issuer, config }: Authority,
    { scope, delta, cause }: CrlOrder,
  ): Promise<PublishedCrl[]> {
    this.attempts++;
    await new Promise(setImmediate);
    if (this.fault !== undefined) throw this.fault;
    const { records } = await this.state({ id } as Authority, scope);
    const last = records.at(-1)?.number ?? 0;
    const { seconds: thisUpdate } = this.clock;
    const record = (base: number): CrlRecord => ({
      kind: "crl",
      issuer,
      scope,
      number: last + 1,
      base,
      cause,
      thisUpdate,
      nextUpdate: thisUpdate + 24 * HOUR,
      covers: 0,
      entries: 0,
      octets: 0,
      digest: new Uint8Array(32),
    });
    const bringsDelta = !delta && config.crl.delta !== undefined && last > 0;
    const made = [...(delta ? [] : [record(0)]), ...(delta || bringsDelta ? [record(last)] : [])];
    this.crls.set(`${id} ${scope}`, [...records, ...made]);
    return made.map((one) => publishedCrl("", one));
  }

  override async forget(): Promise<boolean> {
    // The store knows nothing of these lists.
    return false;
  }
}

/** A schedule over an installation, by a clock that stands until it is moved. */
function schedule(
  installation: Installation,
  clock = new TestClock(),
  publisher = new MemoryPublisher(installation, clock),
) {
  const { authorities, status } = installation.context;
  const told: string[] = [];
  const logged: string[] = [];
  const log = pino({ level: "warn" }, { write: (line) => logged.push(JSON.parse(line).msg) });
  const made = new CrlSchedule(
    authorities,
    publisher,
    status.reader,
    clock,
    log,
    async ({ id }, { number, base }, why) => {
      told.push(`${id} ${number}${base === undefined ? "" : ` since ${base}`}: ${why}`);
    },
  );
  return { schedule: made, clock, publisher, told, logged };
}

describe("CrlSchedule", () => {
  let installation: Installation;
  before(async () => {
    installation = await makeInstallation(withSubordinateCa);
    await createCa(installation.context, installation.keyStore("sub"), "sub");
  });
  after(() => installation.close());

  test("publishes at once where there is none, then each crl.period, for every CA", async () => {
    const { schedule: made, clock, told } = schedule(installation);
    await made.tick();
    await made.tick();
    assert.deepEqual(told, ["root 1: no CRL is published", "sub 1: no CRL is published"]);
    clock.advance(12 * HOUR - 1);
    await made.tick();
    assert.equal(told.length, 2);
    clock.advance(1);
    await made.tick();
    assert.deepEqual(told.slice(2), ["root 2: crl.period has passed", "sub 2: crl.period has passed"]);
    const [due] = await made.due(installation.root);
    assert.equal(due?.at, clock.seconds + 12 * HOUR);
  });

  test("a key that cannot sign: a warning for each CRL that is due, none is tried; with the key it comes", async () => {
    const { schedule: made, clock, publisher, told, logged } = schedule(installation);
    await made.tick();
    const { canSign } = installation.root;
    Object.assign(installation.root, { canSign: () => false });
    try {
      clock.advance(12 * HOUR);
      await made.tick();
      await made.tick();
      assert.deepEqual(told.slice(2), ["sub 2: crl.period has passed"]);
      assert.deepEqual(logged, ["a CRL is due, and the issuer's key cannot sign"]);
      assert.equal(publisher.attempts, 3);
    } finally {
      Object.assign(installation.root, { canSign });
    }
    await made.tick();
    assert.deepEqual(told.slice(3), ["root 2: crl.period has passed"]);
  });

  test("a key that cannot sign, and a CRL that cannot be looked at, keep no other CA from its CRLs", async () => {
    const { schedule: made, publisher, told, logged } = schedule(installation);
    const { canSign } = installation.root;
    const state = publisher.state.bind(publisher);
    publisher.state = (authority, scope) =>
      authority.id === "root" ? Promise.reject(new Error("EIO")) : state(authority, scope);
    Object.assign(installation.root, { canSign: () => false });
    try {
      await made.tick();
    } finally {
      Object.assign(installation.root, { canSign });
    }
    assert.deepEqual(told, ["sub 1: no CRL is published"]);
    assert.equal(logged.length, 1);
  });

  test("an operator's CRL under way spares the scheduled one", async () => {
    const { schedule: made, told } = schedule(installation);
    await Promise.all([made.publish(installation.root, COMPLETE_CRL, "asked"), made.tick(), made.tick()]);
    assert.deepEqual(
      told.filter((line) => line.startsWith("root")),
      ["root 1: asked"],
    );
  });

  test("an operator's CRL in between does not move the scheduled one, which expired entries wait for (G10)", async () => {
    const { schedule: made, clock, publisher, told } = schedule(installation);
    await made.tick();
    clock.advance(11 * HOUR);
    await made.publish(installation.root, COMPLETE_CRL, "asked");
    clock.advance(HOUR);
    await made.tick();
    assert.deepEqual(told.slice(2), [
      "root 2: asked",
      "root 3: crl.period has passed",
      "sub 2: crl.period has passed",
    ]);
    const causes = publisher.crls.get("root 0")?.map(({ cause }) => cause);
    assert.deepEqual(causes, ["schedule", "operator", "schedule"]);
  });

  test("two that operators ask for at once are made one after the other", async () => {
    const { schedule: made } = schedule(installation);
    const { root } = installation;
    const crls = await Promise.all([
      made.publish(root, COMPLETE_CRL, "a"),
      made.publish(root, COMPLETE_CRL, "b"),
    ]);
    assert.deepEqual(
      crls.flat().map(({ number }) => number),
      [1n, 2n],
    );
    await made.end();
  });

  test("a failure is logged, waits 30 s and is tried again; an operator need not wait", async () => {
    const { schedule: made, clock, publisher, told, logged } = schedule(installation);
    publisher.fault = new Error("disk full");
    await made.tick();
    await made.tick();
    assert.equal(publisher.attempts, 2, "one a CA");
    assert.equal(logged.length, 2);
    await assert.rejects(made.publish(installation.root, COMPLETE_CRL, "asked"), /disk full/);
    clock.advance(29);
    await made.tick();
    assert.equal(publisher.attempts, 3);
    publisher.fault = undefined;
    clock.advance(1);
    await made.tick();
    assert.equal(told.length, 2);
  });
});

describe("CrlSchedule with delta CRLs, on revocation", () => {
  const MINUTE = 60;
  const DELTAS = 'validity = "3d"\non_revocation = "20m"\ndelta = { period = "1h", validity = "3h" }';
  let installation: Installation;
  before(async () => {
    installation = await makeInstallation((text) => text.replace(/^validity = "\d+d"$/m, DELTAS));
    assert.ok(installation.root.config.crl.delta !== undefined);
  });
  after(() => installation.close());

  test("a delta CRL follows the first complete one, then each period; a complete one brings one along", async () => {
    const { schedule: made, clock, told } = schedule(installation);
    await made.tick();
    await made.tick();
    clock.advance(HOUR);
    await made.tick();
    clock.advance(11 * HOUR);
    await made.tick();
    await made.tick();
    assert.deepEqual(told, [
      "root 1: no CRL is published",
      "root 2 since 1: no delta CRL is published",
      "root 3 since 2: crl.delta.period has passed",
      "root 4: crl.period has passed",
      "root 4 since 3: crl.period has passed",
    ]);
  });

  test("revocations are shown together between half and nine tenths of on_revocation after the first", async () => {
    const first = schedule(installation);
    await first.schedule.tick();
    await first.schedule.tick();
    for (let count = 0; count < 3; count++)
      await revoke(installation, (await installation.issue()).serialNumber);
    const due = (await first.schedule.due(installation.root)).find(({ cause }) => cause === "change");
    assert.ok(due?.delta);
    const wait = due.at - first.clock.seconds;
    assert.ok(wait >= 9 * MINUTE && wait <= 18 * MINUTE + 1, `${wait} s`);
    // A restart comes to the same time.
    const again = schedule(installation, first.clock, first.publisher);
    assert.deepEqual(
      await again.schedule.due(installation.root),
      await first.schedule.due(installation.root),
    );
    first.clock.advance(wait - 1);
    await again.schedule.tick();
    assert.deepEqual(again.told, []);
    first.clock.advance(1);
    await again.schedule.tick();
    assert.match(again.told.join(), /^root 3 since 2: a change of status/);
  });
});
