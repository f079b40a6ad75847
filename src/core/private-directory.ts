import { lstatSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { SekishoError } from "./errors.js";

/**
 * Makes sure that `dir` is a directory which only this process's user may enter: creates it with mode 0700, or checks
 * the one that is there. Never narrows an existing directory: others may rely on it, so a wider one is FILE_ACCESS.
 */
export function ensurePrivateDirectory(dir: string): void {
  mkdirSync(dirname(dir), { recursive: true });
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const { mode, uid } = lstatSync(dir);
  if ((mode & 0o170000) !== 0o040000) throw new SekishoError("FILE_ACCESS", `${dir}: not a directory`);
  if (uid !== process.getuid?.()) throw new SekishoError("FILE_ACCESS", `${dir}: belongs to another user`);
  if ((mode & 0o077) !== 0)
    throw new SekishoError(
      "FILE_ACCESS",
      `${dir}: mode ${(mode & 0o777).toString(8)} lets other users in; expected 700`,
    );
}
