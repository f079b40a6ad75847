import { SekishoError } from "../core/errors.js";
import { readPrivateFile } from "../core/private-file.js";

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
    const length = readPrivateFile(pinFile, bytes, "TOKEN_PIN");
    const end = length > 0 && bytes[length - 1] === 0x0a ? length - 1 : length;
    const line = bytes.subarray(0, end);
    if (end === 0 || length > MAX_PIN_FILE || line.includes(0x0a) || line.includes(0))
      throw new SekishoError("TOKEN_PIN", `${pinFile}: expected one line with the PIN`);
    return use(line.toString("utf8"));
  } finally {
    bytes.fill(0);
  }
}
