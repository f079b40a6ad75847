import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Change } from "../control/messages.js";
import { SekishoError, toSekishoError } from "../core/errors.js";
import { dateArgument, reasonArgument, serialArgument } from "./arguments.js";

/**
 * Reads a list of revocations: `serial,reason[,date]` a line; `#` begins a comment, empty lines are skipped. The whole
 * file is checked before anything is done with it: throws SERIAL_INVALID, REASON_INVALID, DATE_INVALID or USAGE, each
 * with the line, or FILE_ACCESS.
 */
export async function readRevocationList(file: string, nowMs: number): Promise<Change[]> {
  const changes: Change[] = [];
  const lineOfSerial = new Map<string, number>();
  let number = 0;
  for await (const line of linesOf(file)) {
    number++;
    const entry = line.replace(/#.*/, "").trim();
    if (entry === "") continue;
    const change = atLine(file, number, () => parseEntry(entry, nowMs));
    const earlier = lineOfSerial.get(change.serial);
    if (earlier !== undefined)
      throw new SekishoError("USAGE", `${file}:${number}: the serial stands on line ${earlier} already`);
    lineOfSerial.set(change.serial, number);
    changes.push(change);
  }
  if (changes.length === 0) throw new SekishoError("USAGE", `${file}: no line with a serial`);
  return changes;
}

function parseEntry(entry: string, nowMs: number): Change {
  const [serial = "", reason, date, ...more] = entry.split(",").map((field) => field.trim());
  if (reason === undefined || more.length > 0)
    throw new SekishoError("USAGE", "expected serial,reason or serial,reason,date");
  const change = { serial: serialArgument(serial), reason: reasonArgument(reason) };
  return date === undefined ? change : { ...change, invalidityDate: dateArgument(date, nowMs) };
}

function atLine<Value>(file: string, line: number, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    const { code, message } = toSekishoError(error);
    throw new SekishoError(code, `${file}:${line}: ${message}`, { cause: error });
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const stream = createReadStream(file, "utf8");
  // readline's iterator does not pass on the stream's error.
  const failed = new Promise<never>((_, reject) =>
    stream.once("error", (error) => reject(toSekishoError(error))),
  );
  const opened = new Promise<void>((resolve) => stream.once("open", () => resolve()));
  await Promise.race([opened, failed]);
  yield* createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
}
