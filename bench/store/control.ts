import { open } from "lmdb";
import { openForReading, type StoreOptions, statusEnvironment } from "../../src/store/environment.js";
import { statusTables } from "../../src/store/status-tables.js";

const BINARY = { encoding: "binary", keyEncoding: "binary" } as const;
/** As many as an import syncs together. */
const BATCH = 16_384;
const MOST = 1_000_000;

/** Rows a second that bare lmdb takes: those of `store`, at most a million, into an empty table. */
export async function controlRate(store: StoreOptions, dir: string): Promise<number> {
  const source = openForReading(statusEnvironment(store));
  const rows = [...statusTables(source).rows.getRange({ limit: MOST })];
  await source.close();
  const environment = open<Buffer, Buffer>({
    ...BINARY,
    path: dir,
    maxDbs: 2,
    mapSize: 2 ** 36,
    noSubdir: false,
    overlappingSync: false,
  });
  const table = environment.openDB<Buffer, Buffer>("rows", BINARY);
  const started = performance.now();
  for (let from = 0; from < rows.length; from += BATCH)
    environment.transactionSync(() => {
      for (const { key, value } of rows.slice(from, from + BATCH))
        table.putSync(key, value, { append: true });
    });
  const seconds = (performance.now() - started) / 1000;
  await environment.close();
  return rows.length / seconds;
}
