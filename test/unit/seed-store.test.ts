import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ResultOf } from "../../src/control/messages.js";
import { systemClock } from "../../src/core/clock.js";
import { ClockGuard } from "../../src/core/clock-guard.js";
import { isSekishoError } from "../../src/core/errors.js";
import { openIssuerCore } from "../../src/issuer/core.js";
import { execute, type IssuerContext } from "../../src/issuer/operations.js";
import { syntheticSerial } from "../../src/issuer/synthetic-population.js";
import { WriterLock } from "../../src/store/writer-lock.js";
import { serialText } from "../../src/x509/serial.js";
import { type Installation, makeInstallation, silent } from "../support/installation.js";
import { issuerContext } from "../support/issuer-context.js";
import { tempDir } from "../support/temp-dir.js";

const ADMINISTRATOR = { role: "administrator", approvals: [] as [] } as const;
const refused = (error: unknown): boolean => isSekishoError(error, "SYNTHETIC_REFUSED");

describe("store.seed", () => {
  let installation: Installation;
  let context: IssuerContext;
  before(async () => {
    installation = await makeInstallation();
    context = issuerContext(installation);
  });
  after(() => installation.close());

  const request = (from: number, count: number) => {
    const population = { certificates: 1_000, revoked: 10 };
    return { op: "store.seed", issuer: "root", population, from, count, ...ADMINISTRATOR } as const;
  };

  it("puts a part of the population into the store, no further than its end", async () => {
    const seed = async (from: number, count: number) =>
      (await execute(context, request(from, count))) as ResultOf<"store.seed">;
    const { imported, present } = await seed(0, 600);
    assert.deepEqual([imported, present], [600, 0]);
    const rest = await seed(500, 65_536);
    assert.deepEqual([rest.imported, rest.present], [400, 100]);
    assert.equal(rest.journal, installation.context.status.reader.head().position);
  });

  it("shows the mark in status and cert show, and not in certificates that were issued", async () => {
    const status = await execute(context, { op: "status", ...ADMINISTRATOR });
    assert("issuers" in status && status.issuers[0]?.synthetic === 1_000);
    const show = (serial: Uint8Array) =>
      execute(context, { op: "cert.show", issuer: "root", serial: serialText(serial), ...ADMINISTRATOR });
    assert.equal(((await show(syntheticSerial(5))) as { synthetic?: true }).synthetic, true);
    assert(!("synthetic" in (await show((await installation.issue()).serialNumber))));
  });

  it("spreads certificates over the shards that are configured, and goes on where it was", async () => {
    const sharded = await makeInstallation((text) =>
      text.replace('validity = "7d"\n', 'validity = "7d"\nshards = 3\n'),
    );
    const population = { certificates: 14_000, revoked: 1_400 };
    const seed = async (from: number, count: number) =>
      (await execute(issuerContext(sharded), {
        op: "store.seed",
        issuer: "root",
        population,
        from,
        count,
        ...ADMINISTRATOR,
      })) as ResultOf<"store.seed">;
    try {
      assert.equal((await seed(0, 5_000)).imported, 5_000);
      const rest = await seed(4_000, 10_000);
      assert.deepEqual([rest.imported, rest.present], [9_000, 1_000]);
      const { reader } = sharded.context.status;
      const shards = [0, 4_095, 4_096, 4_999, 5_000, 8_192, 13_999].map(
        (number) => reader.row(sharded.root.issuer, syntheticSerial(number))?.shard,
      );
      assert.deepEqual(shards, [1, 1, 2, 2, 2, 3, 1]);
    } finally {
      await sharded.close();
    }
  });

  it("is refused in production, and so is a store that holds any", async () => {
    const config = { ...installation.config, production: true };
    await assert.rejects(execute({ ...context, config }, request(0, 1)), refused);
    const clock = new ClockGuard(systemClock, systemClock);
    await assert.rejects(openIssuerCore(config, clock, silent), refused);
    const core = await openIssuerCore(installation.config, clock, silent);
    await core.close();
  });
});

describe("a store's writer", () => {
  it("is alone: a second one is refused until the first has ended", (t) => {
    const dir = tempDir(t);
    const first = WriterLock.take(dir);
    assert.throws(
      () => WriterLock.take(dir),
      (error) => isSekishoError(error, "INSTANCE_RUNNING"),
    );
    first.release();
    WriterLock.take(dir).release();
  });

  it("holds the lock as long as it is open, and lets go of it when it cannot open", async () => {
    const installation = await makeInstallation();
    const open = () => openIssuerCore(installation.config, new ClockGuard(systemClock, systemClock), silent);
    const core = await open();
    await assert.rejects(open, (error) => isSekishoError(error, "INSTANCE_RUNNING"));
    await core.close();
    await (await open()).close();
    await installation.close();
  });
});
