/** Buckets of a latency histogram: upper end in milliseconds, count; in rising order. */
export type Histogram = readonly (readonly [ms: number, count: number])[];

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Milliseconds under which a share of the values lies; 0 for an empty histogram. */
export function quantile(histogram: Histogram, share: number): number {
  const all = histogram.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [ms, count] of histogram) {
    seen += count;
    if (seen >= share * all) return ms;
  }
  return 0;
}

export function percentiles(histogram: Histogram): Percentiles {
  const at = (share: number): number => quantile(histogram, share);
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}
