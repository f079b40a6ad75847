import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { SekishoError } from "../core/errors.js";

const MAX_PIN_FILE = 1024;

/**
 * Reads the one line of a PIN file and gives it to `use`. The bytes read are wiped afterwards; the string that
 * `use` gets cannot be wiped, so it must not keep it.
 *
 * Throws TOKEN_PIN, without the content, if the file is missing, not regular, readable by group or others, empty,
 * of several lines or longer than 1 KiB.
 */
export function withPin<Result>(pinFile: string, use: (pin: string) => Result): Result {
  const bytes = Buffer.alloc(MAX_PIN_FILE + 1);
  try {
    const length = readPinFile(pinFile, bytes);
    const end = length > 0 && bytes[length - 1] === 0x0a ? length - 1 : length;
    const line = bytes.subarray(0, end);
    if (end === 0 || length > MAX_PIN_FILE || line.includes(0x0a) || line.includes(0))
      throw new SekishoError("TOKEN_PIN", `${pinFile}: expected one line with the PIN`);
    return use(line.toString("utf8"));
  } finally {
    bytes.fill(0);
  }
}

function readPinFile(pinFile: string, into: Buffer): number {
  let fd: number | undefined;
  try {
    // O_NONBLOCK: opening a FIFO must not hang before its type is seen.
    fd = openSync(pinFile, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new SekishoError("TOKEN_PIN", `${pinFile}: not a regular file`);
    if ((stat.mode & 0o077) !== 0)
      throw new SekishoError(
        "TOKEN_PIN",
        `${pinFile}: group or others may use the file (mode ${(stat.mode & 0o777).toString(8)})`,
      );
    return readSync(fd, into);
  } catch (error) {
    if (error instanceof SekishoError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new SekishoError("TOKEN_PIN", `${pinFile}: ${code}`, { cause: error });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
