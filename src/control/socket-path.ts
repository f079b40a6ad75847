import { lstatSync, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { SekishoError } from "../core/errors.js";
import { ensurePrivateDirectory } from "../core/private-directory.js";

/**
 * Binds `server` to a unix socket in a directory of mode 0700. A socket file that nobody answers is left from a crash
 * and is replaced. Throws INSTANCE_RUNNING if somebody answers, FILE_ACCESS if the place is not fit.
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  ensurePrivateDirectory(dirname(path));
  await removeStale(path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new SekishoError("FILE_ACCESS", `${path}: exists and is not a socket`);
  if (await answers(path)) throw new SekishoError("INSTANCE_RUNNING", `${path}: an issuer answers there`);
  unlinkSync(path);
}

/** Only a refused connection proves that nobody listens; any other error is for the operator to look at. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") resolve(false);
      else reject(new SekishoError("FILE_ACCESS", `${path}: ${error.code}`, { cause: error }));
    });
  });
}
