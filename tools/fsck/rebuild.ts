import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "lmdb";
import { asBuffer } from "../../src/core/bytes.js";
import { applyBody } from "../../src/store/apply.js";
import type { Environment } from "../../src/store/environment.js";
import { countRows } from "../../src/store/imported-rows.js";
import type { JournalBody } from "../../src/store/journal-record.js";
import { type StatusTables, statusTables } from "../../src/store/status-tables.js";
import { decode } from "./journal.js";
import { differs, type StatusView } from "./view.js";

/** Changes applied in one transaction. */
const BATCH = 65_536;

export interface Rebuilding {
  readonly status: StatusView;
  readonly mapSizeGib: number;
  /** Sees every record once it was applied. */
  readonly onRecord: (body: JournalBody, position: number) => void;
  /** True if `onPosition` wants to see the tables as they are right after this record. */
  readonly isWanted: (position: number) => boolean;
  readonly onPosition: (position: number, tables: StatusTables) => void;
  readonly progress: (done: number) => void;
}

/**
 * Replays the journal, through the code that the issuer uses, into an empty environment below the system's temporary
 * directory: memory stays bounded however many rows there are. `use` gets the finished tables, then they are removed.
 */
export function withRebuilt<Result>(rebuilding: Rebuilding, use: (tables: StatusTables) => Result): Result {
  const dir = mkdtempSync(join(tmpdir(), "sekisho-fsck-"));
  const environment = openScratch(dir, rebuilding.mapSizeGib);
  try {
    const tables = statusTables(environment);
    replay(rebuilding, environment, tables);
    return use(tables);
  } finally {
    environment.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Nothing in it has to survive a crash. */
function openScratch(path: string, mapSizeGib: number): Environment {
  const mapSize = mapSizeGib * 2 ** 30;
  return open<Buffer, Buffer>({
    path,
    encoding: "binary",
    keyEncoding: "binary",
    maxDbs: 16,
    mapSize,
    noSync: true,
    noSubdir: false,
  });
}

function replay(rebuilding: Rebuilding, environment: Environment, tables: StatusTables): void {
  const records = rebuilding.status.tables.journal.entries()[Symbol.iterator]();
  let position = 0;
  let more = true;
  while (more) {
    environment.transactionSync(() => {
      for (let changes = 0; changes < BATCH; ) {
        const next = records.next();
        more = next.done !== true;
        if (next.done === true) return;
        position++;
        changes += applyRecord(rebuilding, tables, next.value.value, position);
        if (rebuilding.isWanted(position)) return;
      }
    });
    if (more && rebuilding.isWanted(position)) rebuilding.onPosition(position, tables);
    rebuilding.progress(position);
  }
}

/** Returns how many changes there were; a record of another kind is as good as one. */
function applyRecord(
  { onRecord }: Rebuilding,
  tables: StatusTables,
  value: Buffer,
  position: number,
): number {
  const { body } = decode(value, position);
  try {
    applyBody(tables, body, position);
  } catch (error) {
    throw differs(`journal record ${position} cannot be applied: ${(error as Error).message}`);
  }
  onRecord(body, position);
  if (body.kind === "import") return countRows(asBuffer(body.rows));
  return body.kind === "changes" ? body.changes.length : 1;
}
