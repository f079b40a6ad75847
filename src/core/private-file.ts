import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { type ErrorCode, SekishoError } from "./errors.js";

/**
 * Reads the beginning of a file that holds a secret into `into`, which the caller wipes; returns how many bytes came.
 * Throws `code`, without the content, if the file is missing, not regular, or usable by group or others.
 */
export function readPrivateFile(file: string, into: Buffer, code: ErrorCode): number {
  let fd: number | undefined;
  try {
    // O_NONBLOCK: opening a FIFO must not hang before its type is seen.
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new SekishoError(code, `${file}: not a regular file`);
    if ((stat.mode & 0o077) !== 0)
      throw new SekishoError(
        code,
        `${file}: group or others may use the file (mode ${(stat.mode & 0o777).toString(8)})`,
      );
    return readSync(fd, into);
  } catch (error) {
    if (error instanceof SekishoError) throw error;
    throw new SekishoError(code, `${file}: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
