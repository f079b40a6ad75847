import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hex } from "../../src/core/bytes.js";
import { fileChunks } from "../../src/crl/file-chunks.js";
import { readCrl } from "../../src/crl/read-crl.js";
import { CRL_REASON } from "../../src/crl/reason.js";
import { ALL, CA_CERTIFICATES } from "../../src/crl/scope.js";
import type { Authority } from "../../src/issuer/authority.js";
import { changeStatus, type StatusChange } from "../../src/issuer/change-status.js";
import { CrlPublisher } from "../../src/issuer/crl-publisher.js";
import { LocalCrlWork } from "../../src/issuer/crl-work.js";
import { importRows } from "../../src/issuer/import-rows.js";
import type { PublishedCrl } from "../../src/issuer/published-crl.js";
import { type RowFacts, RowPacker } from "../../src/store/imported-rows.js";
import type { CrlCause } from "../../src/store/journal-record.js";
import { checkStore } from "../../tools/fsck/check.js";
import { type Installation, makeInstallation, silent, TestClock } from "../support/installation.js";
import { serialOf } from "../support/store.js";

/**
 * Random histories of issue, revoke, hold, release, expire and revoke again: every list that the gate lets through says
 * what the rows say (standards B20), base and delta together say what the complete one of the same moment says (H7),
 * and the partitions together what the complete one says (H12).
 */

const HOUR = 3_600;
/** Serials of a history: by the remainder, what each certificate is pinned to and when it expires. */
const SERIALS = 24;
const SHARDS = 2;

interface StatusAct {
  readonly act: "revoke" | "hold" | "release";
  readonly serial: number;
  readonly reason: number;
}

type Act =
  | StatusAct
  | { readonly act: "wait"; readonly hours: number }
  | { readonly act: "deltas"; readonly on: boolean }
  | { readonly act: "publish"; readonly cause: CrlCause; readonly delta: boolean };

const serial = fc.integer({ min: 1, max: SERIALS });
const reason = fc.constantFrom(0, 1, 3, 4, 5, 9);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ act: fc.constant("revoke" as const), serial, reason }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("hold" as const), serial, reason }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("release" as const), serial, reason }) },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant("wait" as const), hours: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("deltas" as const), on: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant("publish" as const),
      cause: fc.constantFrom<CrlCause>("schedule", "change", "operator"),
      delta: fc.boolean(),
    }),
  },
);

/** Serial in hexadecimal -> what a list says of it. */
type Entries = Map<string, string>;

function entriesOf({ file }: PublishedCrl): Entries {
  const entries: Entries = new Map();
  readCrl(fileChunks(file), {
    onEntry: ({ serial, reasonCode, revocationDate, invalidityDate }) =>
      entries.set(hex(serial), `${reasonCode} ${revocationDate} ${invalidityDate}`),
  });
  return entries;
}

const good = (notAfter: number): RowFacts => ({
  state: "good",
  notAfter,
  reason: 0,
  revocationTime: 0,
  invalidityDate: 0,
});

/** One installation over one history. */
class History {
  private readonly publisher: CrlPublisher;
  /** Entries of every complete CRL of ALL, by number. */
  private readonly complete = new Map<bigint, Entries>();
  private hasDeltas = true;

  constructor(
    private readonly installation: Installation,
    private readonly clock: TestClock,
  ) {
    const { config, context } = installation;
    this.publisher = new CrlPublisher(
      config,
      context.status,
      context.ca,
      silent,
      (task) => new LocalCrlWork(task, clock),
    );
  }

  /** Every serial on its list, good; synthetic, so that no certificates are missing. */
  async begin(): Promise<void> {
    const { context, root } = this.installation;
    for (const [remainder, shard] of [1, 2, CA_CERTIFICATES, ALL].entries()) {
      const rows = new RowPacker();
      for (let number = 1; number <= SERIALS; number++)
        if (number % 4 === remainder) rows.add(serialOf(number), good(this.notAfter(number)));
      await importRows(context.status, { issuer: root.issuer, origin: "synthetic", shard }, rows);
    }
  }

  async do(act: Act): Promise<void> {
    if (act.act === "wait") this.clock.advance(act.hours * HOUR);
    else if (act.act === "deltas") this.hasDeltas = act.on;
    else if (act.act === "publish") await this.publish(act.cause, act.delta);
    else await this.change(act);
  }

  /** The CA, configured with delta CRLs or without. */
  private get root(): Authority {
    const { root } = this.installation;
    if (this.hasDeltas) return root;
    const { delta, ...crl } = root.config.crl;
    return { ...root, config: { ...root.config, crl } };
  }

  private async forget(scope: number): Promise<void> {
    while (await this.publisher.forget(this.root, scope));
  }

  /** Every third one expires soon. */
  private notAfter(number: number): number {
    return this.clock.seconds + (number % 3 === 0 ? 30 : 3_000) * HOUR;
  }

  private async change({ act, serial: number, reason }: StatusAct): Promise<void> {
    const { context, root } = this.installation;
    const serial = serialOf(number);
    const change: StatusChange =
      act === "revoke"
        ? { act, serial, reason, invalidityDate: 0 }
        : { act: act as "hold" | "release", serial };
    this.clock.advance(1);
    await changeStatus(context.status, root.issuer, [change], this.clock.seconds);
  }

  private async publish(cause: CrlCause, deltaAlone: boolean): Promise<void> {
    const { root } = this;
    this.clock.advance(1);
    const delta = deltaAlone && this.hasDeltas && this.complete.size > 0;
    const made = await this.publisher.publish(root, { scope: ALL, delta, cause });
    if (delta) return this.compareDelta(made[0] as PublishedCrl, this.revokedRows());
    const [complete, beside] = made as [PublishedCrl, PublishedCrl | undefined];
    const entries = entriesOf(complete);
    this.complete.set(complete.number, entries);
    this.compareWithRows(entries);
    if (beside !== undefined) {
      assert.equal(beside.number, complete.number);
      this.compareDelta(beside, entries);
    }
    await this.comparePartitions(entries, cause);
    await this.forget(ALL);
  }

  /** Every row that is not good is listed as it is, unless it had expired; nothing else is. */
  private compareWithRows(entries: Entries): void {
    const rows = this.revokedRows();
    for (const [serial, says] of entries) assert.equal(says, rows.get(serial), `serial ${serial}`);
    for (const [serial] of rows)
      assert.ok(entries.has(serial) || this.hasExpired(serial), `serial ${serial} is left out`);
  }

  /** Base and delta together list what is `expected`; certificates that have expired may be on either. */
  private compareDelta({ file, base }: PublishedCrl, expected: Entries): void {
    const together = new Map(this.complete.get(base as bigint));
    for (const [serial, says] of entriesOf({ file } as PublishedCrl)) {
      if (says.startsWith(`${CRL_REASON.removeFromCRL} `)) together.delete(serial);
      else together.set(serial, says);
    }
    const current = (entries: Entries) =>
      [...entries].filter(([serial]) => !this.hasExpired(serial)).sort(([a], [b]) => a.localeCompare(b));
    assert.deepEqual(current(together), current(expected));
  }

  /** The shards and the list of CA certificates have what the complete one has, each certificate on its own list alone. */
  private async comparePartitions(complete: Entries, cause: CrlCause): Promise<void> {
    const { root } = this;
    const { context } = this.installation;
    const union: Entries = new Map();
    for (const scope of [...Array.from({ length: SHARDS }, (_, index) => index + 1), CA_CERTIFICATES]) {
      const [crl] = await this.publisher.publish(root, { scope, delta: false, cause });
      for (const [serial, says] of entriesOf(crl as PublishedCrl)) {
        const row = context.status.reader.row(root.issuer, Buffer.from(serial, "hex"));
        assert.equal(row?.shard, scope);
        union.set(serial, says);
      }
      await this.forget(scope);
    }
    const pinned = [...complete].filter(
      ([serial]) => context.status.reader.row(root.issuer, Buffer.from(serial, "hex"))?.shard !== ALL,
    );
    assert.deepEqual([...union].sort(), pinned.sort());
  }

  /** What OCSP answers revoked, and how. */
  private revokedRows(): Entries {
    const { context, root } = this.installation;
    const entries: Entries = new Map();
    for (let number = 1; number <= SERIALS; number++) {
      const row = context.status.reader.row(root.issuer, serialOf(number));
      if (row !== undefined && row.state !== "good")
        entries.set(hex(serialOf(number)), `${row.reason} ${row.revocationTime} ${row.invalidityDate}`);
    }
    return entries;
  }

  private hasExpired(serial: string): boolean {
    const { context, root } = this.installation;
    return (
      (context.status.reader.row(root.issuer, Buffer.from(serial, "hex"))?.notAfter ?? 0) < this.clock.seconds
    );
  }
}

const PARTITIONED = `validity = "7d"\nshards = ${SHARDS}\ndelta = { period = "1h", validity = "3h" }\n`;

for (const keepExpired of [false, true])
  test(`random histories, expired certificates ${keepExpired ? "kept" : "left out"}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 15, maxLength: 45 }), async (acts) => {
        const clock = new TestClock(Date.UTC(2026, 5, 1));
        const keep = keepExpired ? `${PARTITIONED}keep_expired = true\n` : PARTITIONED;
        const installation = await makeInstallation((text) => text.replace('validity = "7d"\n', keep), clock);
        try {
          const history = new History(installation, clock);
          await history.begin();
          for (const each of acts) await history.do(each);
          await history.do({ act: "publish", cause: "schedule", delta: false });
          checkStore(installation.config, { writerRuns: false, progress: () => undefined });
        } finally {
          await installation.close();
        }
      }),
      { numRuns: 6, includeErrorInReport: true },
    );
  });
