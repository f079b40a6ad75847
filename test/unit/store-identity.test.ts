import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { open } from "lmdb";
import { isSekishoError } from "../../src/core/errors.js";
import { CaStore } from "../../src/store/ca-store.js";
import { META } from "../../src/store/environment.js";
import { LAYOUT_VERSION } from "../../src/store/layout.js";
import { StatusReader } from "../../src/store/status-reader.js";
import { StatusWriter } from "../../src/store/status-writer.js";
import {
  change,
  INSTALLATION,
  issue,
  openReader,
  openWriter,
  SteppingClock,
  storeOptions,
} from "../support/store.js";
import { tempDir } from "../support/temp-dir.js";

const PROCESS = fileURLToPath(new URL("../support/refusal-of-store.js", import.meta.url));
const BINARY = { encoding: "binary", keyEncoding: "binary" } as const;
const OTHER = "ff".repeat(16);

const dataFile = (dir: string): string => join(dir, "status", "data.mdb");

/** Opens the store in a process of its own: `opened`, or the code of the refusal. */
function opened(role: "read" | "write", dir: string): string {
  const { stdout, stderr, signal } = spawnSync(process.execPath, [PROCESS, role, dir], { encoding: "utf8" });
  assert.equal(signal, null, stderr);
  assert.equal(stderr, "");
  return stdout;
}

/** A status environment as `make` leaves it. */
async function environment(
  t: TestContext,
  make: (root: ReturnType<typeof openRaw>) => void,
): Promise<string> {
  const dir = tempDir(t);
  const root = openRaw(dir);
  make(root);
  await root.close();
  return dir;
}

const openRaw = (dir: string) =>
  open<Buffer, Buffer>({
    path: join(dir, "status"),
    ...BINARY,
    noSubdir: false,
    maxDbs: 16,
    mapSize: 2 ** 30,
  });

/** The store's directory with a data.mdb of these bytes. */
function withData(t: TestContext, bytes: Uint8Array): string {
  const dir = tempDir(t);
  mkdirSync(join(dir, "status"));
  writeFileSync(dataFile(dir), bytes);
  return dir;
}

async function wholeStore(t: TestContext): Promise<string> {
  const dir = tempDir(t);
  const writer = openWriter(dir);
  await change(writer, issue(1));
  await writer.close();
  return dir;
}

/** Both roles refuse the store with the code, and its bytes stay. */
function refusedUntouched(dir: string, code: string): void {
  const before = readFileSync(dataFile(dir));
  assert.equal(opened("read", dir), code);
  assert.equal(opened("write", dir), code);
  assert(readFileSync(dataFile(dir)).equals(before), "data.mdb was changed");
}

describe("a store that is not ours is refused and left as it was", () => {
  it("unknown layout version", async (t) => {
    for (const version of [
      Buffer.of(LAYOUT_VERSION - 1),
      Buffer.of(LAYOUT_VERSION + 1),
      Buffer.of(0),
      Buffer.alloc(0),
      Buffer.of(LAYOUT_VERSION, 0),
    ]) {
      const dir = await environment(t, (root) => {
        const meta = root.openDB<Buffer, Buffer>("meta", BINARY);
        meta.putSync(META.layout, version);
        meta.putSync(META.installation, Buffer.from(INSTALLATION, "hex"));
      });
      refusedUntouched(dir, "STORE_LAYOUT");
    }
  });

  it("another program's environment", async (t) => {
    const makers: ((root: ReturnType<typeof openRaw>) => void)[] = [
      (root) => void root.openDB<Buffer, Buffer>("other", BINARY).putSync(Buffer.of(1), Buffer.of(1)),
      (root) => void root.putSync(Buffer.from("key"), Buffer.of(1)),
      (root) => void root.openDB<Buffer, Buffer>("meta", BINARY).putSync(Buffer.of(1), Buffer.of(1)),
    ];
    for (const make of makers) refusedUntouched(await environment(t, make), "STORE_LAYOUT");
  });

  it("another installation's store", async (t) => {
    const dir = await wholeStore(t);
    const before = readFileSync(dataFile(dir));
    const foreign = storeOptions(dir, OTHER);
    const refuses = (error: unknown): boolean => isSekishoError(error, "STORE_FOREIGN");
    assert.throws(() => StatusReader.open(foreign), refuses);
    assert.throws(() => new StatusWriter(foreign, new SteppingClock()), refuses);
    assert(readFileSync(dataFile(dir)).equals(before));
    await new CaStore(storeOptions(dir)).close();
    assert.throws(() => new CaStore(foreign), refuses);
    await openReader(dir).close();
  });

  it("a file that is not LMDB's", (t) => {
    for (const bytes of [
      Buffer.from("x"),
      Buffer.alloc(20),
      Buffer.alloc(8192),
      Buffer.from("not a database\n".repeat(1000)),
    ])
      refusedUntouched(withData(t, bytes), "STORE_LAYOUT");
  });
});

describe("a store whose creation was interrupted", () => {
  const takenUp = async (dir: string): Promise<void> => {
    assert.equal(opened("read", dir), "STORE_FAILED");
    assert.equal(opened("write", dir), "opened");
    assert.equal(opened("read", dir), "opened");
    const writer = openWriter(dir);
    await change(writer, issue(1));
    await writer.close();
  };

  it("before anything was written is taken up by the writer", async (t) => {
    await takenUp(tempDir(t));
    await takenUp(withData(t, Buffer.alloc(0)));
    await takenUp(await environment(t, () => undefined));
  });

  it("between its first table and its identity is taken up, too", async (t) => {
    await takenUp(await environment(t, (root) => void root.openDB("meta", BINARY)));
  });
});

it("a reader creates nothing where there is no store", (t) => {
  const dir = tempDir(t);
  assert.equal(opened("read", dir), "STORE_FAILED");
  assert.deepEqual(readdirSync(dir), []);
});
