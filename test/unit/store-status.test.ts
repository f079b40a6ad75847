import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { isSekishoError } from "../../src/core/errors.js";
import { mappedPosition, POSITION_OCTETS, positionPath } from "../../src/store/position-file.js";
import { comparable } from "../support/comparable.js";
import { assertJournalChains } from "../support/journal.js";
import {
  change,
  issue,
  openReader,
  openWriter,
  release,
  revoke,
  revokedSerials,
  serialOf,
} from "../support/store.js";
import { tempDir } from "../support/temp-dir.js";

/** The position file as a responder sees it. */
function storedPosition(dir: string): number {
  const bytes = readFileSync(positionPath(dir));
  assert.equal(bytes.length, POSITION_OCTETS);
  return mappedPosition(Uint8Array.from(bytes).buffer)();
}

describe("transact", () => {
  it("stores rows and journal together: what is acknowledged is there after reopening", async (t) => {
    const dir = tempDir(t);
    const writer = openWriter(dir);
    assert.equal(await change(writer, issue(0x11), issue(0x22), issue(0x33)), 1);
    assert.equal(await change(writer, revoke(0x22), revoke(0x33, 6)), 2);
    await writer.close();

    const reader = openReader(dir);
    assert.equal(reader.head().position, 2);
    assert.equal(reader.row(1, serialOf(0x11))?.state, "good");
    const revoked = reader.row(1, serialOf(0x22));
    assert.deepEqual(
      [revoked?.state, revoked?.reason, revoked?.revocationTime, revoked?.notAfter, revoked?.position],
      ["revoked", 1, 1_780_000_000, 1_900_000_000, 2],
    );
    assert.equal(reader.row(1, serialOf(0x33))?.state, "held");
    assert.equal(reader.row(1, serialOf(0x44)), undefined);
    assert.equal(reader.row(2, serialOf(0x11)), undefined);
    assert.equal(reader.row(1, new Uint8Array(64).fill(1)), undefined);
    assertJournalChains(reader);
    await reader.close();
  });

  it("lists what is revoked or on hold in ascending order of serial, and no longer what was released", async (t) => {
    const writer = openWriter(tempDir(t));
    t.after(() => writer.close());
    await change(writer, issue(0x100), issue(0xff), issue(1), issue(2), issue(0x100, 2));
    await change(writer, revoke(0x100), revoke(0xff, 6), revoke(1), revoke(0x100, 1, 2));
    writer.reader.refresh();
    assert.deepEqual(revokedSerials(writer.reader), ["01", "ff", "0100"]);
    assert.equal(writer.reader.revokedCount(1), 3);
    await change(writer, release(0xff));
    writer.reader.refresh();
    assert.deepEqual(revokedSerials(writer.reader), ["01", "0100"]);
    assert.equal(writer.reader.row(1, serialOf(0xff))?.state, "good");
    assert.deepEqual(revokedSerials(writer.reader, 2), ["0100"]);
  });

  it("writes nothing when the action throws, and passes the error on", async (t) => {
    const writer = openWriter(tempDir(t));
    t.after(() => writer.close());
    await change(writer, issue(1));
    const before = writer.reader.head();
    const refusal = new Error("not today");
    await assert.rejects(
      writer.transact((transaction) => {
        transaction.append({ kind: "changes", changes: [issue(2)] });
        throw refusal;
      }),
      refusal,
    );
    writer.reader.refresh();
    assert.deepEqual(writer.reader.head(), before);
    assert.equal(writer.reader.row(1, serialOf(2)), undefined);
  });

  for (const [what, bad] of [
    ["changes a serial that was never issued", revoke(99)],
    ["issues a serial again, which would make a revoked certificate good", issue(1)],
    ["cannot be encoded", { ...issue(3), serial: new Uint8Array(0) }],
  ] as const)
    it(`writes nothing of a transaction whose second record ${what}; its neighbours are stored`, async (t) => {
      const writer = openWriter(tempDir(t));
      t.after(() => writer.close());
      await change(writer, issue(1));
      await change(writer, revoke(1));
      const [left, bothOrNone, right] = await Promise.allSettled([
        change(writer, issue(10)),
        writer.transact((transaction) => {
          transaction.append({ kind: "changes", changes: [issue(2)] });
          transaction.append({ kind: "changes", changes: [bad] });
        }),
        change(writer, issue(11)),
      ]);
      assert(bothOrNone.status === "rejected" && isSekishoError(bothOrNone.reason, "STORE_FAILED"));
      assert.deepEqual(
        [left, right],
        [
          { status: "fulfilled", value: 3 },
          { status: "fulfilled", value: 4 },
        ],
      );
      writer.reader.refresh();
      assert.equal(writer.reader.row(1, serialOf(2)), undefined);
      assert.equal(writer.reader.row(1, serialOf(1))?.state, "revoked");
      assert.equal(assertJournalChains(writer.reader).length, 4);
    });

  it("sees what earlier transactions did, so that concurrent ones chain", async (t) => {
    const dir = tempDir(t);
    const writer = openWriter(dir);
    const heads: number[] = [];
    const positions = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        writer.transact((transaction) => {
          heads.push(transaction.head.position);
          const first = transaction.append({ kind: "changes", changes: [issue(2 * n + 1)] });
          assert.equal(
            transaction.row(1, serialOf(n === 0 ? 1 : 2 * n - 1))?.state,
            n === 0 ? undefined : "good",
          );
          assert.equal(transaction.append({ kind: "changes", changes: [issue(2 * n + 2)] }), first + 1);
          return first;
        }),
      ),
    );
    assert.deepEqual(
      positions,
      Array.from({ length: 200 }, (_, n) => 2 * n + 1),
    );
    assert.deepEqual(
      heads,
      Array.from({ length: 200 }, (_, n) => 2 * n),
    );
    writer.reader.refresh();
    assert.equal(assertJournalChains(writer.reader).length, 400);
    assert.equal(storedPosition(dir), 400);
    await writer.close();
  });

  it("that appends nothing leaves the journal as it is", async (t) => {
    const writer = openWriter(tempDir(t));
    t.after(() => writer.close());
    await change(writer, issue(1));
    assert.equal(await writer.transact(({ head }) => head.position), 1);
    writer.reader.refresh();
    assert.equal(writer.reader.head().position, 1);
  });

  it("finishes what is under way when the store is closed", async (t) => {
    const dir = tempDir(t);
    const writer = openWriter(dir);
    const pending = change(writer, issue(1));
    await writer.close();
    assert.equal(await pending, 1);
    assert.equal(storedPosition(dir), 1);
  });
});

describe("the position file (invariant 1)", () => {
  it("has all of its bytes before the first record, and stays the same file", async (t) => {
    const dir = tempDir(t);
    const first = openWriter(dir);
    assert.equal(storedPosition(dir), 0);
    const { ino } = statSync(positionPath(dir));
    await change(first, issue(1));
    await first.close();
    const second = openWriter(dir);
    assert.equal(statSync(positionPath(dir)).ino, ino);
    await second.close();
  });

  it("equals the head whenever a change is acknowledged, and only rises", async (t) => {
    const dir = tempDir(t);
    const writer = openWriter(dir);
    t.after(() => writer.close());
    let last = 0;
    const acknowledge = async (n: number): Promise<void> => {
      const position = await change(writer, issue(n));
      const stored = storedPosition(dir);
      assert(
        stored >= position && stored >= last,
        `${stored} stored, ${position} acknowledged, ${last} before`,
      );
      last = stored;
    };
    for (let round = 0; round < 10; round++)
      await Promise.all(Array.from({ length: 10 }, (_, n) => acknowledge(1 + 10 * round + n)));
    assert.equal(storedPosition(dir), 100);
  });

  it("is brought up to the head when a crash left it behind, or took it away", async (t) => {
    const dir = tempDir(t);
    const writer = openWriter(dir);
    await change(writer, issue(1));
    await change(writer, issue(2));
    await writer.close();
    for (const left of [Buffer.alloc(0), Buffer.alloc(3), Buffer.from("0100000000000000", "hex")]) {
      writeFileSync(positionPath(dir), left);
      await openWriter(dir).close();
      assert.equal(storedPosition(dir), 2);
    }
  });

  it("holds positions over 2^32", () => {
    const bytes = Buffer.alloc(POSITION_OCTETS);
    bytes.writeBigUInt64LE(2n ** 40n + 7n);
    assert.equal(mappedPosition(Uint8Array.from(bytes).buffer)(), 2 ** 40 + 7);
  });
});

describe("issuers, delegates, checkpoints", () => {
  it("come back as recorded; the trust generation tells readers to look again", async (t) => {
    const dir = tempDir(t);
    const writer = openWriter(dir);
    const certificate = Uint8Array.of(0x30, 0);
    assert.equal(writer.reader.trustGeneration(), 0);
    await writer.transact((transaction) => {
      assert.equal(transaction.issuerExists(1), false);
      transaction.append({ kind: "issuer", issuer: 1, id: "root", certificate });
    });
    await writer.transact((transaction) => {
      assert.equal(transaction.issuerExists(1), true);
      transaction.append({
        kind: "delegate",
        issuer: 1,
        serial: serialOf(5),
        certificate: Uint8Array.of(0x31, 0),
      });
    });
    await change(writer, issue(1));
    await writer.close();
    const reader = openReader(dir);
    t.after(() => reader.close());
    assert.equal(reader.trustGeneration(), 2);
    assert.deepEqual(comparable(reader.issuers()), [
      { issuer: 1, id: "root", certificate, compromisedSince: 0 },
    ]);
    assert.deepEqual(comparable(reader.delegates()), [
      { issuer: 1, certificate: Uint8Array.of(0x31, 0), state: "revoked" },
    ]);
    assertJournalChains(reader);
  });

  it("the newest checkpoint is the one at the highest position", async (t) => {
    const writer = openWriter(tempDir(t));
    t.after(() => writer.close());
    assert.equal(writer.lastCheckpoint(), 0);
    const checkpoint = { timeMs: 1, subjectPublicKeyInfo: Buffer.of(2), signature: Buffer.of(3) };
    for (const position of [5, 300, 70_000, 6]) await writer.storeCheckpoint(position, checkpoint);
    assert.equal(writer.lastCheckpoint(), 70_000);
  });
});
