import { spawnSync } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { SekishoError } from "../core/errors.js";

/** Exit code of flock(1) when another process holds the lock. */
const TAKEN = 1;

/**
 * Keeps a second writer away from a store: LMDB lets processes write in turn, but each would give out serials, CRL
 * numbers and journal positions of its own. The kernel holds the lock (flock(2) on the store's directory) for this
 * process's open file and lets go of it when the process ends, however it ends; nothing is left on disk. Node has no
 * flock of its own, so flock(1) of util-linux takes it on our descriptor.
 */
export class WriterLock {
  private constructor(private readonly fd: number) {}

  /** Throws INSTANCE_RUNNING if another process writes the store, FILE_ACCESS if that cannot be found out. */
  static take(storeDir: string): WriterLock {
    mkdirSync(storeDir, { recursive: true, mode: 0o700 });
    const fd = openSync(storeDir, constants.O_RDONLY | constants.O_DIRECTORY);
    const { status, error } = spawnSync("flock", ["--nonblock", "3"], {
      stdio: ["ignore", "ignore", "ignore", fd],
    });
    if (status === 0) return new WriterLock(fd);
    closeSync(fd);
    if (status === TAKEN)
      throw new SekishoError("INSTANCE_RUNNING", `${storeDir}: another process writes this store`);
    throw new SekishoError("FILE_ACCESS", `${storeDir}: flock: ${error?.message ?? `exit ${status}`}`);
  }

  release(): void {
    closeSync(this.fd);
  }
}
