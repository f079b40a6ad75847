import type { Progress } from "./result.js";

const QUIET_MS = 10_000;

/** Progress on standard error: one line that is overwritten on a terminal, else a line every ten seconds. */
export function progressLine(name: string): { say: Progress; end(): void } {
  const { stderr } = process;
  const started = performance.now();
  let last = Number.NEGATIVE_INFINITY;
  const text = (step: string): string =>
    `${name}, ${((performance.now() - started) / 1000).toFixed(0)} s: ${step}`;
  return {
    say: (step) => {
      if (stderr.isTTY) {
        stderr.write(`\r\x1b[K${text(step)}`);
      } else if (performance.now() > last + QUIET_MS) {
        last = performance.now();
        stderr.write(`${text(step)}\n`);
      }
    },
    end: () => {
      if (stderr.isTTY) stderr.write("\r\x1b[K");
    },
  };
}
