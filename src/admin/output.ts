import { visibleJson, visibleText } from "../core/text.js";

/** Exit code of a request that waits for approval (0, 1 and 2 are in the table of errors). */
export const EXIT_FILED = 3;

/** Prints lines for people on stdout; foreign text in them cannot steer the terminal. */
export function printLines(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${visibleText(line)}\n`).join(""));
}

/** Prints the one JSON document of a `--json` run. */
export function printJson(value: unknown): void {
  process.stdout.write(`${visibleJson(value)}\n`);
}

const PIECE = 64 * 1024;

/** Standard output in large pieces, for what is written in a million small ones. The caller makes the text visible. */
export class BufferedOutput {
  private text = "";

  constructor() {
    // A reader that has seen enough, as `head` has, is no fault.
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      process.exit();
    });
  }

  write(text: string): void {
    this.text += text;
    if (this.text.length > PIECE) this.flush();
  }

  flush(): void {
    process.stdout.write(this.text);
    this.text = "";
  }
}

/** A line for people; one without a value is left out. */
export type Field = readonly [name: string, value: string | number | undefined];

/** `name  value` lines with the values below each other. */
export function aligned(fields: readonly Field[]): string[] {
  const present = fields.filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...present.map(([name]) => name.length));
  return present.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}
