import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { systemClock } from "../../src/core/clock.js";
import { JournalFollower } from "../../src/responder/journal-follower.js";
import type { Change } from "../../src/store/journal-record.js";
import { rowKey } from "../../src/store/layout.js";
import { StatusReader } from "../../src/store/status-reader.js";
import { StatusWriter } from "../../src/store/status-writer.js";
import { pack } from "../support/rows.js";

/** The cache is behind no acknowledged change (invariant 1), however far it has to catch up. */

const INSTALLATION = "00112233445566778899aabbccddeeff";

class Forgetting {
  evicted: string[] = [];
  cleared = 0;
  evict(row: string): void {
    this.evicted.push(row);
  }
  clear(): void {
    this.cleared++;
  }
}

const serial = (n: number) => Buffer.from([1, n >> 16, n >> 8, n].map((octet) => octet & 0xff));
const row = (n: number) => rowKey(1, serial(n)).toString("latin1");
const issue = (n: number): Change => ({
  op: "issue",
  issuer: 1,
  serial: serial(n),
  notAfter: 1,
  shard: 0,
  certificateHash: new Uint8Array(32),
});

describe("JournalFollower", () => {
  let dir: string;
  let writer: StatusWriter;
  let cache: Forgetting;
  let follower: JournalFollower;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "sekisho-test-"));
    writer = new StatusWriter({ dir, mapSizeGib: 1, installation: INSTALLATION }, systemClock);
    cache = new Forgetting();
    follower = follow(writer.reader);
  });
  afterEach(async () => {
    await writer.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const follow = (reader: StatusReader): JournalFollower =>
    new JournalFollower(reader, () => reader.head().position, cache);

  /** Issues serials `from` to `to`, `each` a record; returns the last position. */
  async function append(from: number, to: number, each = 4_096): Promise<number> {
    await writer.transact((transaction) => {
      for (let at = from; at < to; at += each)
        transaction.append({
          kind: "changes",
          changes: Array.from({ length: Math.min(each, to - at) }, (_, i) => issue(at + i)),
        });
    });
    return writer.reader.head().position;
  }

  test("evicts each row that changed, in order, once", async () => {
    await append(0, 3, 1);
    follower.catchUp();
    follower.catchUp();
    assert.deepEqual(cache.evicted, [row(0), row(1), row(2)]);
    assert.equal(cache.cleared, 0);
  });

  test("records without changes are passed over", async () => {
    await writer.transact(({ append: add }) =>
      add({ kind: "issuer", issuer: 1, id: "root", certificate: new Uint8Array(1) }),
    );
    const position = await append(0, 1);
    follower.catchUp();
    assert.deepEqual(cache.evicted, [row(0)]);
    assert.equal(follower.touchedSince([row(0)], position - 1), true);
  });

  test("an import is passed over: nobody keeps answers about serials that were not issued", async () => {
    await append(0, 1);
    const before = writer.reader.head().position;
    const facts = { state: "good", notAfter: 1, reason: 0, revocationTime: 0, invalidityDate: 0 } as const;
    const rows = pack(
      Array.from({ length: 4_096 }, (_, n) => ({ serial: serial(n + 1).toString("hex"), ...facts })),
    );
    await writer.transact(({ append: add }) =>
      add({ kind: "import", issuer: 1, origin: "synthetic", shard: 0, rows }),
    );
    follower.catchUp();
    assert.deepEqual(cache.evicted, [row(0)]);
    assert.equal(cache.cleared, 0);
    assert.equal(follower.touchedSince([row(0)], before), false);
    await writer.transact(({ append: add }) =>
      add({
        kind: "changes",
        changes: [
          {
            op: "status",
            issuer: 1,
            serial: serial(5),
            state: "revoked",
            reason: 1,
            revocationTime: 1,
            invalidityDate: 0,
          },
        ],
      }),
    );
    follower.catchUp();
    assert.deepEqual(cache.evicted, [row(0), row(5)]);
  });

  test("an answer may be kept if none of its rows changed after its snapshot", async () => {
    const first = await append(0, 1);
    const second = await append(1, 2);
    follower.catchUp();
    assert.deepEqual(
      [
        follower.touchedSince([row(0)], first),
        follower.touchedSince([row(1)], first),
        follower.touchedSince([row(5), row(1)], first),
        follower.touchedSince([row(1)], second),
        follower.touchedSince([], first),
        follower.touchedSince([row(5)], 0),
      ],
      [false, true, true, false, false, false],
    );
  });

  test("what was before it began is not known: such an answer is not kept", async () => {
    const position = await append(0, 1);
    const late = follow(writer.reader);
    late.catchUp();
    assert.equal(late.touchedSince([row(9)], position - 1), true);
    assert.equal(late.touchedSince([row(9)], position), false);
  });

  test("the ring forgets the oldest changes and then keeps no answer from before them", async () => {
    const start = writer.reader.head().position;
    // 16 records of 4,096 fill the ring; one more pushes the first record's changes out.
    for (let i = 0; i < 17; i++) {
      await append(i * 4_096, (i + 1) * 4_096);
      follower.catchUp();
    }
    assert.equal(cache.cleared, 0);
    assert.equal(cache.evicted.length, 17 * 4_096);
    assert.equal(follower.touchedSince([row(1 << 20)], start), true);
    assert.equal(follower.touchedSince([row(1 << 20)], start + 1), false);
    assert.equal(follower.touchedSince([row(4_096)], start + 1), true);
  });

  for (const [what, changes, each] of [
    ["changes", 20_000, 4_096],
    ["records", 10_001, 1],
  ] as const)
    test(`too many ${what} behind: forgets everything at once`, async () => {
      const position = await append(0, changes, each);
      follower.catchUp();
      assert.equal(cache.cleared, 1);
      assert.ok(cache.evicted.length < 20_000);
      assert.equal(follower.touchedSince([row(1 << 20)], position - 1), true);
      assert.equal(follower.touchedSince([row(1 << 20)], position), false);
      await append(1 << 20, (1 << 20) + 1);
      follower.catchUp();
      assert.equal(cache.evicted.at(-1), row(1 << 20), "and follows on");
    });

  test("a store replaced by an older one: everything is forgotten", async () => {
    await append(0, 3, 1);
    let position = 3;
    const head = { position: 3, hash: new Uint8Array(32) };
    const replaced = Object.create(writer.reader) as StatusReader;
    replaced.head = () => ({ ...head, position });
    const own = new JournalFollower(replaced, () => position, cache);
    position = 1;
    own.catchUp();
    assert.equal(cache.cleared, 1);
    assert.equal(own.touchedSince([row(7)], 0), true);
    position = 3;
    own.catchUp();
    assert.deepEqual(cache.evicted, [row(1), row(2)]);
  });

  test("a hole in the journal: everything is forgotten", async () => {
    await append(0, 2, 1);
    const holed = Object.create(writer.reader) as StatusReader;
    holed.record = () => undefined;
    const own = new JournalFollower(holed, () => holed.head().position, cache);
    await append(2, 3);
    own.catchUp();
    assert.equal(cache.cleared, 1);
  });

  test("a reader in another environment sees what the issuer has committed", async () => {
    const reader = StatusReader.open({ dir, mapSizeGib: 1, installation: INSTALLATION });
    let position = 0;
    const own = new JournalFollower(reader, () => position, cache);
    position = await append(0, 1);
    own.catchUp();
    assert.deepEqual(cache.evicted, [row(0)]);
    await reader.close();
  });
});
