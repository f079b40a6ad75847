import { open } from "lmdb";
import { openForReading, type StoreOptions, statusEnvironment } from "../../src/store/environment.js";
import { ROW_OCTETS } from "../../src/store/layout.js";
import { statusTables } from "../../src/store/status-tables.js";

const BINARY = { encoding: "binary", keyEncoding: "binary" } as const;
/** As many as an import syncs together. */
const BATCH = 16_384;
const MOST = 1_000_000;
const APPEND = { append: true } as const;

/** Rows a second that bare lmdb takes: those of `store`, at most a million, into an empty table. */
export async function controlRate(store: StoreOptions, dir: string): Promise<number> {
  const rows = await readRows(store);
  const environment = open<Buffer, Buffer>({
    ...BINARY,
    path: dir,
    maxDbs: 2,
    mapSize: 2 ** 36,
    noSubdir: false,
    overlappingSync: false,
  });
  const table = environment.openDB<Buffer, Buffer>("rows", BINARY);
  // As the import does it: one piece of memory each for all keys and values.
  const key = Buffer.alloc(rows.keyOctets);
  const value = Buffer.alloc(ROW_OCTETS);
  const started = performance.now();
  for (let from = 0; from < rows.count; from += BATCH)
    environment.transactionSync(() => {
      for (let n = from; n < Math.min(from + BATCH, rows.count); n++) {
        const at = n * (rows.keyOctets + ROW_OCTETS);
        for (let i = 0; i < key.length; i++) key[i] = rows.bytes[at + i] as number;
        for (let i = 0; i < ROW_OCTETS; i++) value[i] = rows.bytes[at + key.length + i] as number;
        table.putSync(key, value, APPEND);
      }
    });
  const seconds = (performance.now() - started) / 1000;
  await environment.close();
  return rows.count / seconds;
}

/** Keys, of one length, and values one after the other. */
async function readRows(store: StoreOptions): Promise<{ bytes: Buffer; keyOctets: number; count: number }> {
  const source = openForReading(statusEnvironment(store));
  let bytes = Buffer.alloc(0);
  let keyOctets = 0;
  let count = 0;
  for (const { key, value } of statusTables(source).rows.getRange({ limit: MOST })) {
    keyOctets ||= key.length;
    if (count === 0) bytes = Buffer.alloc(MOST * (keyOctets + ROW_OCTETS));
    const at = count++ * (keyOctets + ROW_OCTETS);
    key.copy(bytes, at);
    value.copy(bytes, at + keyOctets);
  }
  await source.close();
  return { bytes, keyOctets, count };
}
