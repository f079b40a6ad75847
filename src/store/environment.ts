import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Database, open, type RootDatabase } from "lmdb";
import { hex } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";
import { LAYOUT_VERSION } from "./layout.js";

/** A table of binary keys and values. */
export type Table = Database<Buffer, Buffer>;
export type Environment = RootDatabase<Buffer, Buffer>;

export interface EnvironmentOptions {
  /** Directory of the environment. */
  readonly dir: string;
  readonly mapSizeGib: number;
  /** Installation id, 16 octets as hexadecimal digits. */
  readonly installation: string;
}

/** A whole store: both environments and the position file. */
export interface StoreOptions {
  readonly dir: string;
  readonly mapSizeGib: number;
  readonly installation: string;
}

export const statusEnvironment = ({ dir, ...rest }: StoreOptions): EnvironmentOptions => ({
  dir: join(dir, "status"),
  ...rest,
});

export const caEnvironment = ({ dir, ...rest }: StoreOptions): EnvironmentOptions => ({
  dir: join(dir, "ca"),
  ...rest,
});

const BINARY = { encoding: "binary", keyEncoding: "binary" } as const;

const settings = (options: EnvironmentOptions) => ({
  path: options.dir,
  ...BINARY,
  maxDbs: 16,
  // Fixed: lmdb-js otherwise remaps under readers.
  mapSize: options.mapSizeGib * 2 ** 30,
  // Otherwise a commit is visible, and acknowledged, before it is on disk.
  overlappingSync: false,
  noSubdir: false,
  // Otherwise lmdb makes a promise of its own for each turn, and nobody hears its rejection when a commit fails.
  eventTurnBatching: false,
});

export function openTable(environment: Environment, name: string): Table {
  return environment.openDB<Buffer, Buffer>(name, BINARY);
}

/** Opens an existing environment for reading. Throws STORE_LAYOUT, STORE_FOREIGN or STORE_FAILED. */
export function openForReading(options: EnvironmentOptions): Environment {
  if (!holdsData(options))
    throw new SekishoError("STORE_FAILED", `${options.dir}: there is no store here; the issuer creates it`);
  const environment = openChecked(options, true);
  checkIdentity(environment, options);
  return environment;
}

/** Opens an environment for writing; creates an empty one. A store that is not ours is refused before anything is written. */
export function openForWriting(options: EnvironmentOptions): Environment {
  mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  // Read-only first: opening for writing creates tables, and a refused store must stay as it was.
  if (holdsData(options)) openForReading(options).close();
  const environment = openChecked(options, false);
  const meta = openTable(environment, "meta");
  if (meta.get(META.layout) === undefined) {
    environment.transactionSync(() => {
      meta.putSync(META.layout, Buffer.of(LAYOUT_VERSION));
      meta.putSync(META.installation, Buffer.from(options.installation, "hex"));
    });
    syncDirectories(options.dir);
  }
  return environment;
}

/** Keys of the meta table. */
export const META = {
  layout: Buffer.from("layout"),
  installation: Buffer.from("installation"),
  head: Buffer.from("head"),
  trust: Buffer.from("trust"),
  /** Followed by an issuer number. */
  synthetic: Buffer.from("synthetic"),
  /** Followed by an issuer number and a scope. */
  dropped: Buffer.from("dropped"),
};

/** A new file is durable only with its name: in its directory, and that one's in the store's, and so on. */
function syncDirectories(dir: string): void {
  for (const path of [dir, dirname(dir), dirname(dirname(dir))]) {
    const fd = openSync(path, "r");
    fsyncSync(fd);
    closeSync(fd);
  }
}

/** LMDB's magic number in the first meta page, after the 24-octet page header. */
const MAGIC = 0xbeefc0de;

/** True if the environment exists and was not left by a crash before its identity was written into the first table. */
function holdsData(options: EnvironmentOptions): boolean {
  const file = join(options.dir, "data.mdb");
  if (!existsSync(file)) return false;
  const head = Buffer.alloc(28);
  const fd = openSync(file, "r");
  const read = readSync(fd, head, 0, head.length, 0);
  closeSync(fd);
  if (read === 0) return false;
  // lmdb crashes the process on a file that is not LMDB's, so that is found out here.
  if (read < head.length || head.readUInt32LE(24) !== MAGIC)
    throw new SekishoError("STORE_LAYOUT", `${file}: not an LMDB file`);
  const environment = openChecked(options, true);
  const tables = environment.getKeysCount();
  const meta = existingTable(environment, "meta");
  const created = tables > 1 || (meta?.getKeysCount() ?? tables) > 0;
  environment.close();
  return created;
}

/** openDB gives undefined for a table that is missing in a read-only environment, whatever its type says. */
function existingTable(environment: Environment, name: string): Table | undefined {
  return openTable(environment, name);
}

function openChecked(options: EnvironmentOptions, readOnly: boolean): Environment {
  try {
    return open<Buffer, Buffer>({ ...settings(options), readOnly });
  } catch (error) {
    throw new SekishoError("STORE_FAILED", `${options.dir}: ${(error as Error).message}`, { cause: error });
  }
}

function checkIdentity(environment: Environment, options: EnvironmentOptions): void {
  const refuse = (code: "STORE_LAYOUT" | "STORE_FOREIGN", text: string): never => {
    environment.close();
    throw new SekishoError(code, `${options.dir}: ${text}`);
  };
  const meta = existingTable(environment, "meta");
  const layout = meta?.get(META.layout);
  if (layout === undefined || layout.length !== 1 || layout[0] !== LAYOUT_VERSION)
    refuse(
      "STORE_LAYOUT",
      `layout version ${layout === undefined ? "missing" : hex(layout)}, expected ${LAYOUT_VERSION}`,
    );
  const installation = meta?.get(META.installation);
  if (installation === undefined || hex(installation) !== options.installation)
    refuse("STORE_FOREIGN", "the store belongs to another installation");
}
