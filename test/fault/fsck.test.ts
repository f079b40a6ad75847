import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ALL } from "../../src/crl/scope.js";
import { changeStatus } from "../../src/issuer/change-status.js";
import { Checkpointer } from "../../src/issuer/checkpoint.js";
import { crlPath } from "../../src/issuer/crl-files.js";
import { CrlPublisher } from "../../src/issuer/crl-publisher.js";
import { seedStore } from "../../src/issuer/seed-store.js";
import { syntheticSerial } from "../../src/issuer/synthetic-population.js";
import {
  caEnvironment,
  META,
  openForWriting,
  openTable,
  statusEnvironment,
  type Table,
} from "../../src/store/environment.js";
import { issuerKey, positionKey, rowKey, scopedKey, scopeKey } from "../../src/store/layout.js";
import { positionPath } from "../../src/store/position-file.js";
import type { StatusWriter } from "../../src/store/status-writer.js";
import { checkStore } from "../../tools/fsck/check.js";
import { enrol, type Installation, makeInstallation, silent } from "../support/installation.js";

const FSCK = fileURLToPath(new URL("../../tools/fsck.js", import.meta.url));

/** tools/fsck sees every way in which two parts of a store can contradict each other, and nothing else. */
describe("fsck", () => {
  let installation: Installation;
  let good: Uint8Array;
  let revoked: Uint8Array;
  let oldCrl: string;
  let publisher: CrlPublisher;

  before(async () => {
    installation = await makeInstallation();
    const { config, context, root, keyStore } = installation;
    await enrol(installation);
    publisher = new CrlPublisher(config, context.status, context.ca, silent);
    const serials: Uint8Array[] = [];
    for (let count = 0; count < 4; count++) serials.push((await installation.issue()).serialNumber);
    [good, revoked] = serials as [Uint8Array, Uint8Array];
    await publisher.publish(root);
    oldCrl = join(installation.dir, "old.crl");
    copyFileSync(crlPath(config, "root"), oldCrl);
    await revoke(revoked);
    await publisher.publish(root);
    await new Checkpointer(config, context.status, keyStore("journal"), context.clock).checkpoint();
    await installation.issue();
  });
  after(() => installation.close());

  const revoke = (serial: Uint8Array) =>
    changeStatus(
      installation.context.status,
      installation.root.issuer,
      [{ act: "revoke", serial, reason: 1, invalidityDate: 0 }],
      Math.floor(Date.now() / 1000),
    );

  const check = (writerRuns = false) =>
    checkStore(installation.config, { writerRuns, progress: () => undefined });

  /** Puts a value (undefined: removes it), checks, and puts the old one back. */
  async function damaged(
    environment: "status" | "ca",
    name: string,
    key: Buffer,
    value: (old: Buffer) => Buffer | undefined,
  ): Promise<unknown> {
    const store = { ...installation.config.store, installation: installation.config.installation };
    const opened = openForWriting(environment === "ca" ? caEnvironment(store) : statusEnvironment(store));
    const table = openTable(opened, name);
    const old = table.get(key);
    await put(table, key, value(old ?? Buffer.alloc(0)));
    try {
      check();
      return "clean";
    } catch (error) {
      return (error as Error).message;
    } finally {
      await put(table, key, old);
      await opened.close();
      assert.equal(check().records, installation.context.status.reader.head().position);
    }
  }

  const put = (table: Table, key: Buffer, value: Buffer | undefined) =>
    value === undefined ? table.remove(key) : table.put(key, value);

  const flipped = (at: number) => (old: Buffer) => {
    const bytes = Buffer.from(old);
    bytes[at] = (bytes[at] as number) ^ 1;
    return bytes;
  };
  const removed = () => undefined;
  const row = (serial: Uint8Array) => rowKey(installation.root.issuer, serial);
  const listed = (serial: Uint8Array) => scopedKey(installation.root.issuer, ALL, serial);
  const head = () => installation.context.status.reader.head().position;

  test("a store in use is clean", () => {
    const summary = check();
    assert.equal(summary.records, head());
    assert.equal(summary.rows, 7, "root, delegate, five certificates");
    assert.equal(summary.revoked, 1);
    assert.equal(summary.checkpoints, 1);
    assert.deepEqual(summary.crls, [
      { id: "root", name: "root.crl", number: 2n, entries: 1, interrupted: 0 },
    ]);
  });

  test("the command says so in one line, and what is wrong in one line", async () => {
    const { config } = installation;
    const clean = await promisify(execFile)(process.execPath, [FSCK, "--config", config.file]);
    assert.match(
      clean.stdout,
      /^clean: \d+ journal records, 7 certificates .*root\.crl: CRL 2 \(1 entries\)\n$/,
    );
    const position = Buffer.alloc(8);
    writeFileSync(positionPath(config.store.dir), position);
    await assert.rejects(promisify(execFile)(process.execPath, [FSCK, "--config", config.file]), {
      code: 1,
      stdout: "",
      stderr: /^error STORE_DIFFERS: the position file says 0, .*\n$/,
    });
    position.writeUInt32LE(head());
    writeFileSync(positionPath(config.store.dir), position);
  });

  test("the position file may be behind while a writer runs, never ahead", () => {
    const file = positionPath(installation.config.store.dir);
    const write = (position: number) => {
      const bytes = Buffer.alloc(8);
      bytes.writeUInt32LE(position);
      writeFileSync(file, bytes);
    };
    write(head() - 1);
    check(true);
    assert.throws(() => check(false), { code: "STORE_DIFFERS" });
    write(head() + 1);
    assert.throws(() => check(true), { code: "STORE_DIFFERS" });
    write(head());
  });

  test("journal: changed, missing, unfinished", async () => {
    assert.match(
      String(await damaged("status", "journal", positionKey(3), flipped(9))),
      /record 4 does not chain/,
    );
    assert.match(String(await damaged("status", "journal", positionKey(3), removed)), /record 3 is missing/);
    assert.match(String(await damaged("status", "journal", positionKey(head()), removed)), /last record at/);
    assert.match(String(await damaged("status", "journal", positionKey(head()), flipped(9))), /head's hash/);
    assert.match(
      String(await damaged("status", "meta", Buffer.from("head"), flipped(5))),
      /head is at position/,
    );
    assert.match(
      String(await damaged("status", "meta", Buffer.from("trust"), flipped(5))),
      /trust generation/,
    );
  });

  test("rows and revoked index: changed, missing, too many", async () => {
    const stranger = row(Buffer.of(1, 2, 3));
    assert.match(
      String(await damaged("status", "rows", row(good), flipped(18))),
      /rows: .* is stored as good/,
    );
    assert.match(String(await damaged("status", "rows", row(good), removed)), /rows: .* is missing/);
    assert.match(
      String(await damaged("status", "rows", stranger, () => Buffer.alloc(25))),
      /rows: .* is stored, /,
    );
    const block = listed(new Uint8Array(0));
    assert.match(String(await damaged("status", "revoked", block, removed)), /revoked: .* is missing/);
    assert.match(String(await damaged("status", "revoked", block, flipped(20))), /revoked: .* stored as/);
    assert.match(
      String(await damaged("status", "revoked", listed(good), () => Buffer.alloc(25))),
      /revoked: .* stored/,
    );
  });

  test("change index, changes that await a CRL, CRLs that matter", async () => {
    const { issuer } = installation.root;
    await revoke(good);
    assert.match(String(await damaged("status", "changes", listed(good), removed)), /changes: .* is missing/);
    assert.match(
      String(await damaged("status", "changes", listed(good), flipped(1))),
      /changes: .* stored as/,
    );
    const scope = scopeKey(issuer, ALL);
    assert.match(String(await damaged("status", "awaiting", scope, flipped(11))), /awaiting: issuer 1 /);
    const crl = Buffer.concat([scope, Buffer.of(0, 0, 0, 0, 0, 2, 0)]);
    assert.match(String(await damaged("status", "crls", crl, removed)), /crls: issuer 1 CRL 2 is missing/);
  });

  test("issuers and delegates", async () => {
    const { issuer } = installation.root;
    assert.match(
      String(await damaged("status", "issuers", issuerKey(issuer + 1), () => Buffer.of(0))),
      /issuer/,
    );
    assert.match(String(await damaged("status", "delegates", row(good), () => Buffer.of(0))), /delegates: /);
  });

  test("certificates: another, missing, without request, without row", async () => {
    const stranger = row(Buffer.of(1, 2, 3));
    assert.match(
      String(await damaged("ca", "certificates", row(good), flipped(40))),
      /is another certificate/,
    );
    assert.match(
      String(await damaged("ca", "certificates", row(good), removed)),
      /certificates: .* is missing/,
    );
    assert.match(String(await damaged("ca", "requests", row(good), removed)), /requests: .* is missing/);
    assert.match(String(await damaged("ca", "pending", stranger, () => Buffer.of(0))), /missing and pending/);
    const store = { ...installation.config.store, installation: installation.config.installation };
    const ca = openForWriting(caEnvironment(store));
    const tables = ["certificates", "requests"].map((name) => openTable(ca, name));
    const pending = openTable(ca, "pending");
    for (const table of [...tables, pending]) await table.put(stranger, Buffer.of(0));
    check();
    await pending.remove(stranger);
    assert.throws(() => check(), /rows: .* is missing, its certificate is stored and not pending/);
    for (const table of tables) await table.remove(stranger);
    await ca.close();
  });

  test("checkpoints: changed, of a record that is not there", async () => {
    const signed = installation.context.status.lastCheckpoint();
    assert.match(
      String(await damaged("status", "checkpoints", positionKey(signed), flipped(3))),
      /not a signature/,
    );
    assert.match(
      String(await damaged("status", "checkpoints", positionKey(head() + 1), () => Buffer.alloc(8))),
      /stands at no record/,
    );
  });

  test("CRL: counter behind, older file, foreign bytes", async () => {
    const { config, root } = installation;
    const counter = () => Buffer.of(0, 0, 0, 0, 0, 1);
    assert.match(
      String(await damaged("ca", "crl-numbers", issuerKey(root.issuer), counter)),
      /counter stands at 1/,
    );
    const file = crlPath(config, "root");
    const present = join(installation.dir, "present.crl");
    copyFileSync(file, present);
    copyFileSync(oldCrl, file);
    assert.deepEqual(check().crls, [
      { id: "root", name: "root.crl", number: 1n, entries: 0, interrupted: 1 },
    ]);
    writeFileSync(file, "rubbish");
    assert.throws(() => check(), { code: "CRL_INVALID" });
    copyFileSync(present, file);
  });

  test("synthetic rows: clean, not marked, counted otherwise", async () => {
    const population = { certificates: 5_000, revoked: 10 };
    const part = { issuer: "root", population, from: 0, count: 5_000 };
    await seedStore(installation.context, part);
    assert.equal(check().synthetic, 5_000);
    const serial = row(syntheticSerial(4_321));
    const unmarked = (old: Buffer): Buffer => {
      const bytes = Buffer.from(old);
      bytes[0] = (bytes[0] as number) & 0x7f;
      return bytes;
    };
    assert.match(String(await damaged("status", "rows", serial, unmarked)), /rows: .* is stored as good/);
    const count = Buffer.concat([META.synthetic, issuerKey(installation.root.issuer)]);
    assert.match(String(await damaged("status", "meta", count, flipped(5))), /has 5001 synthetic rows/);
  });

  test("CRL: a signed list whose entries are not the rows it is said to cover", async () => {
    const { config, context, root } = installation;
    const status: StatusWriter = Object.create(context.status);
    status.transact = (action) =>
      context.status.transact((transaction) =>
        action({
          ...transaction,
          append: (body) => transaction.append(body.kind === "crl" ? { ...body, covers: 1 } : body),
        }),
      );
    await new CrlPublisher(config, status, context.ca, silent).publish(root);
    assert.throws(() => check(), /CRL 3 of root lists .* otherwise than the rows it covers/);
  });
});
