import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CrlPublisher } from "../../src/issuer/crl-publisher.js";
import type { PublishedCrl } from "../../src/issuer/published-crl.js";
import { checkStore } from "../../tools/fsck/check.js";
import { importRevoked, makeInstallation, silent } from "../support/installation.js";

/** A file system of its own for published CRLs that is full: the old list stays, and goes on being replaced once there is room. */

const REVOKED = 5_000;

const mount = (...args: string[]): boolean => spawnSync("mount", args, { stdio: "ignore" }).status === 0;

/** Leaves `octets` of room in the file system. */
function fill(dir: string, octets: number): string {
  const file = join(dir, "filler");
  writeFileSync(file, "");
  const block = Buffer.alloc(4096);
  try {
    for (;;) writeFileSync(file, block, { flag: "a" });
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
  }
  const { length } = readFileSync(file);
  writeFileSync(file, Buffer.alloc(Math.max(0, length - octets)));
  return file;
}

test("a full disk keeps the old CRL, and the next one comes when there is room (invariant 5)", async (t) => {
  const installation = await makeInstallation();
  const { config, context, root } = installation;
  const { dir } = config.crl;
  mkdirSync(dir, { recursive: true });
  if (!mount("-t", "tmpfs", "-o", "size=2m", "none", dir)) {
    await installation.close();
    t.skip("a small file system can be mounted by root only");
    return;
  }
  try {
    const publisher = new CrlPublisher(config, context.status, context.ca, silent);
    const [published] = (await publisher.publish(root)) as [PublishedCrl];
    const before = readFileSync(published.file);
    await importRevoked(installation, REVOKED);

    // Not enough for the entries; enough for them, not for the signed list beside them.
    for (const room of [64 * 1024, 320 * 1024]) {
      const filler = fill(dir, room);
      await assert.rejects(publisher.publish(root), { code: "FILE_ACCESS", message: /ENOSPC/ });
      assert.deepEqual(readFileSync(published.file), before);
      assert.deepEqual(readdirSync(join(dir, ".staging")), []);
      assert.deepEqual(await publisher.published(root), published);
      rmSync(filler);
    }
    const [next] = (await publisher.publish(root)) as [PublishedCrl];
    assert.deepEqual([next.entries, next.number], [REVOKED, published.number + 3n]);
    checkStore(config, { writerRuns: false, progress: () => undefined });
  } finally {
    spawnSync("umount", [dir]);
    await installation.close();
  }
});
