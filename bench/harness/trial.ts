import type { Comparison, Progress } from "./result.js";
import { nullOf, ratioOf } from "./statistics.js";

/** Scores of one trial by metric: `rate` (more is better) or `cost` (processor time, less is better). */
export type Scores = Readonly<Record<string, number>>;

/** One measured thing. */
export interface Contestant {
  readonly name: string;
  measure(): Promise<Scores>;
}

/** What is compared with what. `base` is also measured against itself in every round: the null control. */
export interface Pairing {
  readonly what: string;
  readonly base: string;
  readonly metric: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

const AGAIN = " (again)";

/**
 * Measures contestants in rounds, each in a new random order, so that a slow minute hits all alike. Every base of a
 * pairing runs twice in each round; its ratio to itself is the noise that other ratios must stand out of.
 */
export async function interleave(
  contestants: readonly Contestant[],
  pairings: readonly Pairing[],
  rounds: number,
  progress: Progress,
): Promise<Comparison[]> {
  const bases = new Set(pairings.map(({ base }) => base));
  const runs = contestants.flatMap((contestant) =>
    bases.has(contestant.name)
      ? [contestant, { ...contestant, name: contestant.name + AGAIN }]
      : [contestant],
  );
  const trials = new Map<string, Scores[]>(runs.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++)
    for (const [i, contestant] of shuffled(runs).entries()) {
      progress(`round ${round} of ${rounds}, ${i + 1} of ${runs.length}: ${contestant.name}`);
      trials.get(contestant.name)?.push(await contestant.measure());
    }
  const scores = (name: string, metric: string): number[] =>
    (trials.get(name) ?? []).map((trial) => trial[metric] as number);
  return pairings.map(({ what, base, metric, ...wanted }) => {
    const of = scores(base, metric);
    const noise = nullOf(of, scores(base + AGAIN, metric));
    return {
      what,
      metric,
      against: base,
      rounds,
      ...ratioOf(scores(what, metric), of),
      null: noise,
      ...wanted,
    };
  });
}

function shuffled<T>(items: readonly T[]): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}
