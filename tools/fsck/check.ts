import { existsSync, readFileSync } from "node:fs";
import type { Config } from "../../src/core/config.js";
import { META, type StoreOptions } from "../../src/store/environment.js";
import { POSITION_OCTETS, positionPath } from "../../src/store/position-file.js";
import { decodeIssuer, type StoredIssuer } from "../../src/store/status-reader.js";
import { decodeHead } from "../../src/store/status-tables.js";
import { certificateHash, checkIssued, checkStored } from "./certificates.js";
import { checkJournal, type JournalSummary } from "./journal.js";
import { type CheckedCrl, CrlChecker, CrlFiles } from "./published.js";
import { withRebuilt } from "./rebuild.js";
import { compareTables, type TableCounts } from "./tables.js";
import { type CaView, differs, type StatusView, viewCa, viewStatus } from "./view.js";

export interface StoreSummary extends JournalSummary, TableCounts {
  readonly records: number;
  readonly crls: readonly CheckedCrl[];
}

export interface CheckOptions {
  /** A writer may be at work: then the position file may be behind. */
  readonly writerRuns: boolean;
  /** Is told what is being done, the records done and all there are. */
  readonly progress: (step: string, done: number, all: number) => void;
}

/**
 * Compares everything that a store says twice: journal, tables, certificates, checkpoints, published CRLs and
 * position file. Reads only. Throws STORE_DIFFERS, JOURNAL_BROKEN or CRL_INVALID with the first difference.
 *
 * A store may be written meanwhile, so things are looked at in the order in which they may be behind each other:
 * position file and CRL files (made after the journal record), then rows and journal, then certificates and CRL
 * number counter (made before them).
 */
export function checkStore(config: Config, options: CheckOptions): StoreSummary {
  const store: StoreOptions = { ...config.store, installation: config.installation };
  const opened: { close(): void }[] = [];
  const keep = <Opened extends { close(): void }>(view: Opened): Opened => {
    opened.push(view);
    return view;
  };
  try {
    const position = readPosition(config.store.dir);
    const files = keep(new CrlFiles(config.crl.dir));
    const status = keep(viewStatus(store));
    const ca = keep(viewCa(store));
    const summary = compare({ store, files, status, ca }, options.progress);
    checkPosition(position, summary.records, options.writerRuns);
    return summary;
  } finally {
    for (const view of opened.reverse()) view.close();
  }
}

interface Opened {
  readonly store: StoreOptions;
  readonly files: CrlFiles;
  readonly status: StatusView;
  readonly ca: CaView;
}

function compare({ store, files, status, ca }: Opened, progress: CheckOptions["progress"]): StoreSummary {
  const { issuers, meta } = status.tables;
  const head = decodeHead(meta.get(META.head));
  const stored = [...issuers.entries()].map(({ key, value }) => decodeIssuer(key, value));
  const crls = new Map(stored.map((issuer) => [issuer.issuer, new CrlChecker(issuer, files)]));
  const journal = checkJournal(
    status,
    head,
    store.installation,
    (record) => crls.get(record.issuer)?.journalled(record),
    (done) => progress("journal", done, head.position),
  );
  for (const crl of crls.values()) crl.checkNumbers(ca);
  const counts = checkRebuilt({ store, status, ca, stored, crls: [...crls.values()] }, (done) =>
    progress("replay", done, head.position),
  );
  checkStored(ca, status, store);
  const checked = [...crls.values()].flatMap((crl) => crl.summary());
  return { ...journal, ...counts, records: head.position, crls: checked };
}

interface Rebuildable extends Omit<Opened, "files"> {
  readonly stored: readonly StoredIssuer[];
  readonly crls: readonly CrlChecker[];
}

/** Replays the journal; compares certificates and CRLs on the way and the tables at its end. */
function checkRebuilt(
  { store, status, ca, stored, crls }: Rebuildable,
  progress: (done: number) => void,
): TableCounts {
  const ownCertificates = new Set(stored.map(({ certificate }) => certificateHash(certificate)));
  return withRebuilt(
    {
      status,
      mapSizeGib: store.mapSizeGib,
      onRecord: (body, position) => checkIssued(ca, body, position, ownCertificates),
      isWanted: (position) => crls.some((crl) => crl.isCoveredAt(position)),
      onPosition: (position, tables) => {
        for (const crl of crls) crl.compareEntries(position, tables);
      },
      progress,
    },
    (rebuilt) => compareTables(status, rebuilt),
  );
}

/** What the position file says; undefined without one. */
function readPosition(dir: string): number | undefined {
  const file = positionPath(dir);
  if (!existsSync(file)) return undefined;
  const bytes = readFileSync(file);
  if (bytes.length !== POSITION_OCTETS) throw differs(`the position file has ${bytes.length} octets`);
  return bytes.readUInt32LE(4) * 2 ** 32 + bytes.readUInt32LE(0);
}

function checkPosition(position: number | undefined, head: number, writerRuns: boolean): void {
  if (position === undefined) throw differs("the position file is missing; a start of the issuer makes it");
  if (position > head) throw differs(`the position file says ${position}, the journal ends at ${head}`);
  if (position < head && !writerRuns)
    throw differs(
      `the position file says ${position}, the journal ends at ${head}; a start of the issuer mends it`,
    );
}
