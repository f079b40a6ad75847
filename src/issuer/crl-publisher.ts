import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import type { CaStore } from "../store/ca-store.js";
import type { CrlRecord } from "../store/journal-record.js";
import type { StatusWriter } from "../store/status-writer.js";
import type { Authority } from "./authority.js";
import { CrlBuilders } from "./crl-builder.js";
import { CrlFiles, type CrlSlot, slotOf } from "./crl-files.js";
import { tbsChunks } from "./crl-lists.js";
import { crlTask, hasDeltas } from "./crl-order.js";
import { COMPLETE_CRL, type CrlOrder, highestNumber, newest, type ScopeState } from "./crl-state.js";
import type { CrlTask, CrlWork, PreparedList, StagedList } from "./crl-task.js";
import type { PublishedCrl } from "./published-crl.js";

/** Starts the making of CRLs. */
export type StartCrlWork = (task: CrlTask) => CrlWork;

/**
 * Builds, signs and publishes CRLs. Commit protocol: reserve the number (on disk) -> a child process writes and checks
 * the list (crl-gate.ts) -> sign its digest -> the child stages the file, fsync, and reads it back -> archive, fsync ->
 * journal record, if no other CRL came in between -> rename, fsync the directory. A crash before the record leaves the
 * old CRL in place and skips a number; after it, the publication is completed from the archive. The record comes first,
 * so that no CRL is ever in the world whose number a journal does not know (invariant 3).
 */
export class CrlPublisher {
  private readonly files: CrlFiles;
  /** How far the dropping of a scope's changes has come, by issuer and scope. */
  private readonly forgetting = new Map<string, { readonly covered: number; readonly after?: Buffer }>();

  constructor(
    private readonly config: Config,
    private readonly status: StatusWriter,
    private readonly ca: CaStore,
    log: Log,
    private readonly start: StartCrlWork = crlBuilders(),
  ) {
    this.files = new CrlFiles(config, log);
  }

  /** The CRLs of a scope, completed if a crash interrupted their publication. */
  async state(authority: Authority, scope: number): Promise<ScopeState> {
    const { reader } = this.status;
    const records = reader.crlsOf(authority.issuer, scope);
    const look = (delta: boolean) => this.files.look(authority, { scope, delta }, newest(records, delta));
    const [complete, delta] = [await look(false), await look(true)];
    return { complete, delta, records, dropped: reader.dropped(authority.issuer, scope) };
  }

  /** The CRL that is published now; undefined before the first, or if the file is lost: then the next one replaces it. */
  async published(
    authority: Authority,
    { scope, delta }: CrlSlot = COMPLETE_CRL,
  ): Promise<PublishedCrl | undefined> {
    const state = await this.state(authority, scope);
    return (delta ? state.delta : state.complete).published;
  }

  /**
   * Publishes what is ordered; the list that was ordered comes first. Throws CRL_GATE or LINT_FAILED, and the old one
   * stays, if it is not fit; CRL_MISSING for a delta CRL without a complete one.
   */
  async publish(authority: Authority, order: CrlOrder = COMPLETE_CRL): Promise<PublishedCrl[]> {
    const state = await this.state(authority, order.scope);
    const { position } = this.status.reader.head();
    const number = await this.ca.nextCrlNumber(authority.issuer, highestNumber(state));
    const directory = await emptyDirectory(join(this.config.crl.dir, ".staging", authority.id));
    const task = crlTask(this.config, authority, order, state, number, directory);
    const work = this.start(task);
    try {
      const prepared = await work.prepare();
      if (prepared.some(({ covers }) => covers < position))
        throw new SekishoError(
          "CRL_GATE",
          `the CRL builder saw an older store than the one that is published`,
        );
      const signatures = await sign(authority, prepared);
      const staged = await work.stage(signatures);
      return await this.commit(
        authority,
        order,
        state,
        recordsOf(authority, order, task, prepared, staged),
        staged,
      );
    } finally {
      work.end();
      await rm(directory, { recursive: true, force: true });
    }
  }

  /**
   * Drops some of the changes that no CRL to come needs: those that the newest complete CRL shows, and where there are
   * delta CRLs those that every complete one shows from which they may start. Resolves with false when none is left.
   */
  async forget(authority: Authority, scope: number): Promise<boolean> {
    const { issuer } = authority;
    const completes = this.status.reader.crlsOf(issuer, scope).filter(({ base }) => base === 0);
    const needed = hasDeltas(authority, scope) ? completes : completes.slice(-1);
    const covered = Math.min(...needed.map(({ covers }) => covers));
    const name = `${issuer} ${scope}`;
    const known = this.forgetting.get(name);
    const isKnown = known?.covered === covered;
    // No change comes in behind a position: what was dropped up to there stays so.
    if (needed.length === 0 || (isKnown && known.after === undefined)) return false;
    const after = await this.status.dropChanges(
      { issuer, scope },
      covered,
      isKnown ? known.after : undefined,
    );
    this.forgetting.set(name, { covered, ...(after && { after }) });
    return after !== undefined;
  }

  private async commit(
    authority: Authority,
    order: CrlOrder,
    state: ScopeState,
    records: readonly CrlRecord[],
    staged: readonly StagedList[],
  ): Promise<PublishedCrl[]> {
    for (const [index, record] of records.entries())
      await this.files.archive(authority, record, fileAt(staged, index));
    await this.record(authority, order, state, records);
    const published: PublishedCrl[] = [];
    for (const [index, record] of records.entries())
      published.push(await this.files.publish(authority, record, fileAt(staged, index)));
    return published;
  }

  /** Compare-and-swap: the newest records are those that the lists were made to follow. */
  private async record(
    authority: Authority,
    { scope }: CrlOrder,
    state: ScopeState,
    records: readonly CrlRecord[],
  ): Promise<void> {
    await this.status.transact(({ append }) => {
      const present = this.status.reader.crlsOf(authority.issuer, scope);
      for (const record of records) {
        const { delta } = slotOf(record);
        const [before, now] = [newest(state.records, delta)?.number, newest(present, delta)?.number];
        if (before !== now || record.number <= (now ?? 0))
          throw new SekishoError("CRL_GATE", `number ${now} of ${authority.id} is published already`);
        append(record);
      }
    });
  }
}

function crlBuilders(): StartCrlWork {
  const builders = new CrlBuilders();
  return (task) => builders.start(task);
}

async function sign({ signer }: Authority, prepared: readonly PreparedList[]): Promise<Uint8Array[]> {
  return signer.sign(
    prepared.map((list) => ({ digest: Buffer.from(list.digest, "hex"), chunks: () => tbsChunks(list) })),
  );
}

function recordsOf(
  { issuer }: Authority,
  { cause }: CrlOrder,
  { scope, cRLNumber, lists }: CrlTask,
  prepared: readonly PreparedList[],
  staged: readonly StagedList[],
): CrlRecord[] {
  return lists.map((list, index) => {
    const { thisUpdate, nextUpdate, covers, entries } = prepared[index] as PreparedList;
    const { octets, sha256 } = staged[index] as StagedList;
    const base = list.kind === "delta" ? list.base.number : 0;
    const digest = Buffer.from(sha256, "hex");
    return {
      kind: "crl",
      issuer,
      scope,
      number: cRLNumber,
      base,
      cause,
      thisUpdate,
      nextUpdate,
      covers,
      entries,
      octets,
      digest,
    };
  });
}

const fileAt = (staged: readonly StagedList[], index: number): string => (staged[index] as StagedList).file;

/** Makes the directory, without what a killed process left in it. */
async function emptyDirectory(dir: string): Promise<string> {
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  return dir;
}
