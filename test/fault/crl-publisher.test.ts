import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { generalizedTimeText } from "../../src/asn1/time.js";
import { ALL } from "../../src/crl/scope.js";
import { crlPath } from "../../src/issuer/crl-files.js";
import { crlTask } from "../../src/issuer/crl-order.js";
import { CrlPublisher } from "../../src/issuer/crl-publisher.js";
import { COMPLETE_CRL } from "../../src/issuer/crl-state.js";
import { LocalCrlWork } from "../../src/issuer/crl-work.js";
import type { PublishedCrl } from "../../src/issuer/published-crl.js";
import type { StatusWriter } from "../../src/store/status-writer.js";
import { parseCertificate } from "../../src/x509/certificate.js";
import { type Installation, makeInstallation, revoke, silent } from "../support/installation.js";
import { TestSigner } from "../support/test-ca.js";

/** Publications that fail leave the published CRL as it was, skip a number and leave no rubbish (invariant 5). */

describe("a publication that fails", () => {
  let installation: Installation;
  let publisher: CrlPublisher;
  let published: PublishedCrl;
  let before: Buffer;
  beforeEach(async () => {
    installation = await makeInstallation();
    const { config, context, root } = installation;
    publisher = new CrlPublisher(config, context.status, context.ca, silent);
    [published] = (await publisher.publish(root)) as [PublishedCrl];
    before = readFileSync(published.file);
  });
  afterEach(() => installation.close());

  /** The old list is still out; the next publication works and skips `skipped` numbers. */
  async function nothingChanged(skipped = 1n): Promise<void> {
    assert.deepEqual(readFileSync(published.file), before);
    assert.deepEqual(readdirSync(join(installation.config.crl.dir, ".staging")), []);
    assert.deepEqual(await publisher.published(installation.root), published);
    const [next] = (await publisher.publish(installation.root)) as [PublishedCrl];
    assert.equal(next.number, published.number + 1n + skipped);
  }

  /** Builders that are started while `act` goes on; `onStart` sees each. */
  async function buildersOf(
    act: () => Promise<unknown>,
    onStart: (builder: ChildProcess) => void = () => undefined,
  ): Promise<ChildProcess[]> {
    const started: ChildProcess[] = [];
    const spawned = channel("child_process");
    const onSpawn = (message: unknown): void => {
      const { process: builder } = message as { process: ChildProcess };
      started.push(builder);
      onStart(builder);
    };
    spawned.subscribe(onSpawn);
    try {
      await act();
    } finally {
      spawned.unsubscribe(onSpawn);
    }
    return started;
  }

  test("the builder is killed", async () => {
    const { config, context, root } = installation;
    const other = new CrlPublisher(config, context.status, context.ca, silent);
    await assert.rejects(
      buildersOf(
        () => other.publish(root),
        (builder) => process.nextTick(() => builder.kill("SIGKILL")),
      ),
      { code: "CRL_GATE", message: /builder ended with SIGKILL/ },
    );
    await nothingChanged();
  });

  test("a builder makes one list after the other; one that ended meanwhile is replaced", async () => {
    const { config, context, root } = installation;
    const other = new CrlPublisher(config, context.status, context.ca, silent);
    const [builder] = await buildersOf(() => other.publish(root));
    assert.ok(builder !== undefined && builder.exitCode === null);
    assert.deepEqual(await buildersOf(() => other.publish(root)), []);
    const ended = once(builder, "close");
    // It rests, and would not keep this process waiting.
    builder.ref();
    builder.kill("SIGKILL");
    await ended;
    assert.equal((await buildersOf(() => other.publish(root))).length, 1);
  });

  test("a builder that was asked for a list it could not make is not asked again", async () => {
    const { config, context, root } = installation;
    const other = new CrlPublisher(config, context.status, context.ca, silent);
    await other.publish(root);
    await assert.rejects(other.publish({ ...root, signer: new TestSigner() }), { code: "CRL_GATE" });
    assert.equal((await buildersOf(() => other.publish(root))).length, 1);
  });

  test("the builder cannot read the store", async () => {
    const { config, context, root } = installation;
    const elsewhere = { ...config, store: { ...config.store, dir: join(installation.dir, "nowhere") } };
    const lost = new CrlPublisher(elsewhere, context.status, context.ca, silent);
    await assert.rejects(lost.publish(root), { code: "STORE_FAILED", message: /there is no store here/ });
    await nothingChanged();
  });

  test("the token fails", async () => {
    const signer = { ...installation.root.signer, sign: () => Promise.reject(new Error("token lost")) };
    await assert.rejects(publisher.publish({ ...installation.root, signer }), /token lost/);
    await nothingChanged();
  });

  test("the token signs with another key", async () => {
    const signer = new TestSigner();
    await assert.rejects(publisher.publish({ ...installation.root, signer }), {
      code: "CRL_GATE",
      message: /signature does not verify/,
    });
    await nothingChanged();
  });

  test("the journal refuses: nothing is visible that it does not know (invariant 3)", async () => {
    const { config, context, root } = installation;
    const status = Object.create(context.status) as StatusWriter;
    status.transact = () => Promise.reject(new Error("disk full"));
    const full = new CrlPublisher(config, status, context.ca, silent);
    await assert.rejects(full.publish(root), /disk full/);
    await nothingChanged();
  });

  test("the CA's certificate has expired: nextUpdate would lie before thisUpdate", async () => {
    const { root } = installation;
    const { der, notAfter } = root.certificate;
    const [until, past] = [notAfter, published.thisUpdate - 10].map((at) => generalizedTimeText(at).slice(2));
    const expired = Buffer.from(der)
      .toString("latin1")
      .replace(until as string, past as string);
    const certificate = parseCertificate(Buffer.from(expired, "latin1"));
    await assert.rejects(publisher.publish({ ...root, certificate }), {
      code: "LINT_FAILED",
      message: /negative_validity/,
    });
    await nothingChanged();
  });

  test("the CRL number store is older than the published list: refused until it has caught up (G8)", async () => {
    const { context, config, root } = installation;
    const numbers = Object.create(context.ca) as typeof context.ca;
    numbers.nextCrlNumber = async () => Number(published.number);
    const rolledBack = new CrlPublisher(config, context.status, numbers, silent);
    await assert.rejects(rolledBack.publish(root), { code: "CRL_GATE", message: /published already/ });
    await nothingChanged(0n);
  });

  test("what a killed process left in the staging directory goes with the next publication", async () => {
    const staging = join(installation.config.crl.dir, ".staging", "root");
    mkdirSync(staging, { recursive: true });
    for (const name of ["2.tbs", "2.crl", "999.tbs"]) writeFileSync(join(staging, name), "rubbish");
    const [next] = (await publisher.publish(installation.root)) as [PublishedCrl];
    assert.equal(next.number, published.number + 1n);
    assert.deepEqual(readdirSync(join(installation.config.crl.dir, ".staging")), []);
  });

  for (const [name, damage] of Object.entries({
    "cut off": (bytes: Buffer) => bytes.subarray(0, bytes.length - 1),
    empty: () => Buffer.alloc(0),
    "changed in one bit": (bytes: Buffer) => {
      const copy = Buffer.from(bytes);
      copy[copy.length - 1] = (copy[copy.length - 1] as number) ^ 1;
      return copy;
    },
  }))
    test(`a published file that is ${name} counts as none and is replaced under a new number`, async () => {
      const file = crlPath(installation.config, "root");
      writeFileSync(file, damage(before));
      assert.equal(await publisher.published(installation.root), undefined);
      const [next] = (await publisher.publish(installation.root)) as [PublishedCrl];
      assert.ok(next.number > published.number);
      assert.deepEqual(await publisher.published(installation.root), next);
    });

  test("validity that became shorter moves no nextUpdate back (G9)", async () => {
    const { root } = installation;
    const crl = { ...root.config.crl, validity: 86_400 };
    const [next] = (await publisher.publish({ ...root, config: { ...root.config, crl } })) as [PublishedCrl];
    assert.equal(next.nextUpdate, published.nextUpdate);
  });

  test("after a restore the published list may lack what was revoked and dropped from the change index long ago", async () => {
    const { config, context, root } = installation;
    await revoke(installation, (await installation.issue()).serialNumber);
    await publisher.publish(root);
    while (await publisher.forget(root, ALL));
    const state = await publisher.state(root, ALL);
    assert.ok(state.dropped > 0);
    const archived = {
      ...published,
      file: join(config.crl.dir, ".archive", "root", `${published.number}.crl`),
    };
    const prepare = async (dropped: number) => {
      const stranger = { ...state, dropped, complete: { published: archived, covers: 0 } };
      const directory = mkdtempSync(join(installation.dir, "staging-"));
      const task = crlTask(config, root, COMPLETE_CRL, stranger, 99, directory);
      return new LocalCrlWork(task, context.clock).prepare();
    };
    const [list] = await prepare(state.dropped);
    assert.equal(list?.entries, 1);
    await assert.rejects(prepare(0), { code: "CRL_GATE", message: /which nobody revoked/ });
  });

  test("a published file that was removed is published again from the archive", async () => {
    rmSync(published.file);
    assert.deepEqual(await publisher.published(installation.root), published);
    assert.deepEqual(readFileSync(published.file), before);
  });

  test("one that is lost in the archive too is replaced: the rows say what it must list", async () => {
    await revoke(installation, (await installation.issue()).serialNumber);
    await publisher.publish(installation.root);
    rmSync(published.file);
    rmSync(join(installation.config.crl.dir, ".archive"), { recursive: true });
    assert.equal(await publisher.published(installation.root), undefined);
    const [next] = (await publisher.publish(installation.root)) as [PublishedCrl];
    assert.deepEqual([next.number, next.entries], [published.number + 2n, 1]);
  });
});
