/**
 * Ratios of repeated trials. Other work on a machine disturbs single trials by a lot, so everything here is ranks: the
 * median, and its interval by the sign test, which assume no distribution.
 */

/** What the rounds say of one pair. All are factors: 1 is "the same". */
export interface Ratio {
  /** Median of the rounds' ratios. */
  readonly ratio: number;
  /** Its 95 % interval; with fewer than six rounds, the smallest and the largest ratio, which is a little less. */
  readonly low: number;
  readonly high: number;
}

/** A measured against itself: what the machine's noise alone makes of a ratio. */
export interface Null {
  /** Smallest and largest ratio among the rounds. */
  readonly least: number;
  readonly most: number;
  /** Smallest effect that could have been seen, as a share: a ratio within 1 +- this is no difference. */
  readonly smallestEffect: number;
}

/** Ratio of two contestants measured in the same rounds. */
export function ratioOf(values: readonly number[], against: readonly number[]): Ratio {
  const ratios = values.map((value, i) => value / (against[i] as number));
  const [low, high] = medianInterval(ratios);
  return { ratio: median(ratios), low, high };
}

/** The null control. Its true ratio is 1 by construction: the interval of its median is all noise. */
export function nullOf(first: readonly number[], again: readonly number[]): Null {
  const ratios = again.map((value, i) => value / (first[i] as number));
  const [low, high] = medianInterval(ratios);
  return {
    least: Math.min(...ratios),
    most: Math.max(...ratios),
    smallestEffect: Math.max(1 / low, high) - 1,
  };
}

export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}

/** Order statistics between which the true median lies with 95 % (sign test). */
function medianInterval(values: readonly number[]): [low: number, high: number] {
  const sorted = ascending(values);
  const n = sorted.length;
  let outside = 0;
  let rank = 0;
  for (let chance = 2 * 0.5 ** n; outside + chance <= 0.05; rank++) {
    outside += chance;
    chance *= (n - rank) / (rank + 1);
  }
  const cut = Math.max(0, rank - 1);
  return [sorted[cut] as number, sorted[n - 1 - cut] as number];
}

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
