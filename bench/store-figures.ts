import type { BenchContext } from "./context.js";
import { plainFigures } from "./harness/plain-figures.js";
import type { BenchResult, Figure } from "./harness/result.js";
import { storeBench } from "./store.js";

const CERTIFICATES = 1_000_000;
/** DESIGN 7, by the names that the store's bench gives its results. */
const WANTED: Readonly<Record<string, Pick<Figure, "atLeast" | "atMost">>> = {
  "sorted.rowsPerSecond": { atLeast: 300_000 },
  "unsorted.rowsPerSecond": { atLeast: 150_000 },
  "sorted.rowOctets": { atMost: 60 },
  "alone.rowOctets": { atMost: 120 },
  "sorted.journalOctets": { atMost: 40 },
  "alone.journalOctets": { atMost: 130 },
};

/** What it costs to fill, change and open a store; its controls are figures too. */
export async function storeFiguresBench({ dir, progress }: BenchContext): Promise<BenchResult> {
  progress(`stores of ${CERTIFICATES} certificates`);
  const results = await storeBench({ certificates: CERTIFICATES, dir });
  const figures = [...plainFigures(results, (name) => WANTED[name])];
  return { bench: "store", comparisons: [], figures, controls: [] };
}
