import assert from "node:assert/strict";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemClock } from "../../src/core/clock.js";
import { fileChunks } from "../../src/crl/file-chunks.js";
import { readCrl } from "../../src/crl/read-crl.js";
import { ALL } from "../../src/crl/scope.js";
import { changeStatus, type StatusChange } from "../../src/issuer/change-status.js";
import { crlPath } from "../../src/issuer/crl-files.js";
import { type BuiltList, buildList } from "../../src/issuer/crl-lists.js";
import { CrlPublisher } from "../../src/issuer/crl-publisher.js";
import { COMPLETE_CRL, type CrlOrder } from "../../src/issuer/crl-state.js";
import type { CrlTask, ListTask, PreparedList } from "../../src/issuer/crl-task.js";
import { LocalCrlWork } from "../../src/issuer/crl-work.js";
import { encodeListed, ListedCursor } from "../../src/store/listed-blocks.js";
import type { SerialRow, Snapshot } from "../../src/store/status-reader.js";
import { type Installation, makeInstallation, silent } from "../support/installation.js";
import { TestCa } from "../support/test-ca.js";

/**
 * Every wrong CRL that a CA is known to have published (peers 18, 20, 22), made between building and publication: the
 * gate names it, the key is not touched, and the old CRL stays (invariants 5 and 6).
 */

const DELTA = { ...COMPLETE_CRL, delta: true };

/** Octets of a listed record before its entry. */
const RECORD_HEADER = 12;

/** A fault in the builder: what it reads of the store, or what it makes of it. */
type Fault = (build: Build, task: CrlTask, snapshot: Snapshot) => BuiltList;
type Build = (changes?: { task?: Partial<CrlTask>; snapshot?: Snapshot; list?: ListTask }) => BuiltList;

class FaultyWork extends LocalCrlWork {
  constructor(
    task: CrlTask,
    private readonly faults: { readonly build?: Fault; readonly write?: (file: string) => void },
  ) {
    super(task, systemClock);
  }

  protected override build(list: ListTask, snapshot: Snapshot, thisUpdate: number): BuiltList {
    const build: Build = (changes = {}) =>
      buildList(
        { ...this.task, ...changes.task },
        changes.list ?? list,
        this.certificate,
        changes.snapshot ?? snapshot,
        thisUpdate,
      );
    return this.faults.build === undefined ? build() : this.faults.build(build, this.task, snapshot);
  }

  protected override write(list: ListTask, prepared: PreparedList, signature: Uint8Array): string {
    const file = super.write(list, prepared, signature);
    this.faults.write?.(file);
    return file;
  }
}

/** A snapshot whose index for the builder was changed; the gate gets the real one. */
function withListed(snapshot: Snapshot, change: (records: readonly Buffer[]) => readonly Buffer[]): Snapshot {
  const faulty: Snapshot = Object.create(snapshot);
  faulty.listed = function* (issuer, scope) {
    const records: Buffer[] = [];
    for (const block of snapshot.listed(issuer, scope))
      for (const cursor = new ListedCursor(block); cursor.next(); )
        records.push(Buffer.from(block.subarray(cursor.start - RECORD_HEADER, cursor.stop)));
    yield Buffer.concat(change(records));
  };
  return faulty;
}

function withChanges(
  snapshot: Snapshot,
  change: (rows: readonly SerialRow[]) => readonly SerialRow[],
): Snapshot {
  const faulty: Snapshot = Object.create(snapshot);
  faulty.changes = function* (issuer, scope, since) {
    yield* change([...snapshot.changes(issuer, scope, since)]);
  };
  return faulty;
}

describe("the publication gate", () => {
  let installation: Installation;
  let serials: Uint8Array[];
  before(async () => {
    installation = await makeInstallation((text) =>
      text.replace('validity = "7d"\n', 'validity = "7d"\ndelta = { period = "1h", validity = "3h" }\n'),
    );
    const { root } = installation;
    serials = [];
    for (let count = 0; count < 6; count++) serials.push((await installation.issue()).serialNumber);
    serials.sort(Buffer.compare);
    await change(
      { act: "hold", serial: at(0) },
      revocation(at(2)),
      { act: "hold", serial: at(3) },
      revocation(at(4)),
    );
    await publisher().publish(root);
    // Since the published list: one revoked, two released.
    await change(revocation(at(1)), { act: "release", serial: at(0) }, { act: "release", serial: at(3) });
  });
  after(() => installation.close());

  const at = (index: number): Uint8Array => serials[index] as Uint8Array;
  const revocation = (serial: Uint8Array): StatusChange => ({
    act: "revoke",
    serial,
    reason: 1,
    invalidityDate: 0,
  });
  const change = (...changes: StatusChange[]) =>
    changeStatus(
      installation.context.status,
      installation.root.issuer,
      changes,
      Math.floor(Date.now() / 1000),
    );

  const publisher = (faults: ConstructorParameters<typeof FaultyWork>[1] = {}) => {
    const { config, context } = installation;
    return new CrlPublisher(
      config,
      context.status,
      context.ca,
      silent,
      (task) => new FaultyWork(task, faults),
    );
  };

  const text = (serial: Uint8Array) => Buffer.from(serial).toString("hex");

  /** The gate refuses with a message; what is published and archived stays as it was; `isSigned` only if the fault came later. */
  async function stopped(
    faults: ConstructorParameters<typeof FaultyWork>[1],
    message: RegExp,
    order: CrlOrder = COMPLETE_CRL,
    isSigned = false,
  ): Promise<void> {
    const { config, root, context } = installation;
    const file = crlPath(config, "root", { scope: ALL, delta: order.delta });
    const before = existsSync(file) ? readFileSync(file) : undefined;
    const archived = readdirSync(join(config.crl.dir, ".archive", "root"));
    const { position } = context.status.reader.head();
    let signed = false;
    const signer = {
      ...root.signer,
      sign: (batch: Parameters<typeof root.signer.sign>[0]) => {
        signed = true;
        return root.signer.sign(batch);
      },
    };
    await assert.rejects(
      publisher(faults).publish({ ...root, signer }, order),
      (error: Error & { code?: string }) => {
        assert.ok(error.code === "CRL_GATE" || error.code === "LINT_FAILED", error.stack);
        assert.match(error.message, message);
        return true;
      },
    );
    assert.equal(signed, isSigned);
    assert.deepEqual(existsSync(file) ? readFileSync(file) : undefined, before);
    assert.deepEqual(readdirSync(join(config.crl.dir, ".archive", "root")), archived);
    assert.equal(context.status.reader.head().position, position);
  }

  const listing = (change: (records: readonly Buffer[]) => readonly Buffer[]): { build: Fault } => ({
    build: (build, _task, snapshot) => build({ snapshot: withListed(snapshot, change) }),
  });
  const changing = (change: (rows: readonly SerialRow[]) => readonly SerialRow[]): { build: Fault } => ({
    build: (build, _task, snapshot) => build({ snapshot: withChanges(snapshot, change) }),
  });

  const row = (fields: Partial<SerialRow["row"]> = {}): SerialRow["row"] => ({
    state: "revoked",
    reason: 1,
    shard: 0,
    revocationTime: 1_700_000_000,
    invalidityDate: 0,
    notAfter: 2_000_000_000,
    position: 1,
    synthetic: false,
    ...fields,
  });
  /** As the revoked index has it. */
  const listed = (serial: Uint8Array, fields: Partial<SerialRow["row"]> = {}): Buffer =>
    encodeListed(serial, row(fields));

  test("entry dropped too early", () =>
    stopped(
      listing((entries) => entries.slice(0, -1)),
      new RegExp(`leaves out serial ${text(at(4))}, which was listed and neither released nor`),
    ));

  test("nextUpdate before the published one's (G9)", () =>
    stopped(
      {
        build: (build, { lists }) => {
          const [list] = lists as [ListTask];
          return build({ list: { ...list, validity: 86_400, notEndingBefore: 0 } });
        },
      },
      /its nextUpdate lies before the published one's/,
    ));

  test("entry dropped by a lookback that was added instead of subtracted (Certainly 2023)", () =>
    stopped(
      {
        build: (build, { lists }) => {
          const [list] = lists as [ListTask & { kind: "complete" }];
          const spent = { thisUpdate: 2 ** 32, covers: 2 ** 40 };
          return build({ list: { ...list, spent } });
        },
      },
      /leaves out serial/,
    ));

  test("revocation that never reached the list", () =>
    stopped(
      listing((entries) => entries.filter((record) => !text(record).includes(text(at(1))))),
      new RegExp(`leaves out serial ${text(at(1))}, which was revoked \\(keyCompromise\\)`),
    ));

  test("released certificate that is still listed, octet for octet as before, amid others", () => {
    const { config, root } = installation;
    const dates = new Map<string, number>();
    readCrl(fileChunks(crlPath(config, root.id)), {
      onEntry: ({ serial, revocationDate }) => dates.set(text(serial), revocationDate),
    });
    const held = listed(at(3), {
      state: "held",
      reason: 6,
      revocationTime: dates.get(text(at(3))) as number,
    });
    return stopped(
      listing((entries) => [...entries.slice(0, -1), held, ...entries.slice(-1)]),
      new RegExp(`lists serial ${text(at(3))}, which was released`),
    );
  });

  test("released certificate that is still listed", () =>
    stopped(
      listing((entries) => [listed(at(0), { reason: 6 }), ...entries]),
      new RegExp(`lists serial ${text(at(0))}, which was released`),
    ));

  test("entry added that nobody revoked", () =>
    stopped(
      listing((entries) => [...entries, listed(at(5))]),
      new RegExp(`lists serial ${text(at(5))}, which nobody revoked`),
    ));

  test("entry with another date than before", () =>
    stopped(
      listing((entries) => [...entries.slice(0, -1), listed(at(4), { revocationTime: 1_600_000_000 })]),
      new RegExp(`lists serial ${text(at(4))} otherwise than before`),
    ));

  test("new entry with another reason than the change had (boulder 27e08f48)", () =>
    stopped(
      listing(([, ...rest]) => [listed(at(1), { reason: 4 }), ...rest]),
      new RegExp(`lists serial ${text(at(1))} otherwise than it was changed`),
    ));

  test("empty list", () =>
    stopped(
      listing(() => []),
      /leaves out serial/,
    ));

  test("number repeated, number going back", async () => {
    for (const back of [1, 2])
      await stopped(
        { build: (build, { cRLNumber }) => build({ task: { cRLNumber: cRLNumber - back } }) },
        /it carries number \d+/,
      );
  });

  test("foreign issuer", () => {
    const { certificate } = new TestCa();
    const faulty: Fault = (_build, task, snapshot) =>
      buildList(task, task.lists[0] as ListTask, certificate, snapshot, Math.floor(Date.now() / 1000));
    return stopped({ build: faulty }, /issuer/);
  });

  test("another signature algorithm than the key's", () =>
    stopped(
      { build: (build) => build({ task: { signatureAlgorithm: "300d06092a864886f70d01010b0500" } }) },
      /signature/,
    ));

  test("scope of another list", () =>
    stopped(
      {
        build: (build, { lists }) => {
          const distribution = { url: "http://pki.example/crl/root/3.crl", only: "users" } as const;
          return build({ list: { ...(lists[0] as ListTask & { kind: "complete" }), distribution } });
        },
      },
      /distribution/,
    ));

  test("entries cut off, before and after the key has signed", async () => {
    const cut: Fault = (build) => {
      const built = build();
      truncateSync(built.file, built.entriesOctets - 10);
      return built;
    };
    await stopped({ build: cut }, /asn1_syntax/);
    await stopped(
      { write: (file) => truncateSync(file, 100) },
      /not the list that was signed/,
      COMPLETE_CRL,
      true,
    );
    const stale = crlPath(installation.config, "root");
    await stopped(
      { write: (file) => replace(file, stale) },
      /not the list that was signed/,
      COMPLETE_CRL,
      true,
    );
  });

  test("delta CRL: a change left out, one that nobody made, one made otherwise, another base", async () => {
    await stopped(
      changing((rows) => rows.slice(1)),
      /leaves out serial .* since CRL 1/,
      DELTA,
    );
    await stopped(
      changing((rows) => rows.slice(0, -1)),
      /leaves out serial .* since CRL 1/,
      DELTA,
    );
    await stopped(
      changing((rows) => [...rows, { serial: at(3), row: row() }]),
      new RegExp(`lists serial ${text(at(3))}, which nobody changed`),
      DELTA,
    );
    await stopped(
      changing((rows) => rows.map((one) => ({ ...one, row: { ...one.row, reason: 5 } }))),
      /otherwise than it was changed/,
      DELTA,
    );
    await stopped(
      {
        build: (build, { lists }) => {
          const list = lists[0] as ListTask & { kind: "delta" };
          return build({ list: { ...list, base: { ...list.base, number: 9 } } });
        },
      },
      /it starts from CRL 9/,
      DELTA,
    );
  });

  test("what is right passes, and says that nothing is left of the faults", async () => {
    const { root } = installation;
    const [crl] = await publisher().publish(root);
    assert.equal(crl?.entries, 3);
    await change({ act: "hold", serial: at(3) });
    assert.equal((await publisher().publish(root, DELTA))[0]?.entries, 3);
  });

  test("another CRL that was recorded in the meantime (compare-and-swap)", async () => {
    const { config, context, root } = installation;
    const record = context.status.reader.crlsOf(root.issuer, ALL).at(-1);
    assert.ok(record !== undefined);
    const faulty: Fault = (build) => build();
    const racing = new CrlPublisher(config, context.status, context.ca, silent, (task) => {
      const work = new FaultyWork(task, { build: faulty });
      return {
        prepare: () => work.prepare(),
        end: () => work.end(),
        stage: async (signatures) => {
          const staged = await work.stage(signatures);
          const number = task.cRLNumber;
          await context.status.transact(({ append }) => append({ ...record, number }));
          return staged;
        },
      };
    });
    const before = readFileSync(crlPath(config, "root"));
    await assert.rejects(racing.publish(root), { code: "CRL_GATE", message: /published already/ });
    assert.deepEqual(readFileSync(crlPath(config, "root")), before);
  });
});

function replace(file: string, by: string): void {
  rmSync(file);
  copyFileSync(by, file);
}
