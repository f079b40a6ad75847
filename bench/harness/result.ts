import type { Machine } from "./machine.js";
import type { Null, Ratio } from "./statistics.js";

/** One row of DESIGN 7, or any other claim: a ratio in one run, with the noise that it stands out of. */
export interface Comparison extends Ratio {
  /** Stable name: `compare` and `guard` find the same comparison by it. */
  readonly what: string;
  readonly metric: string;
  readonly against: string;
  readonly rounds: number;
  readonly null: Null;
  /** The ratio that is asked for, where one is; `atMost` for costs. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A value of its own unit: never compared between machines or runs. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly note?: string;
}

/** A control of the harness itself: whether it can see what it should, and is not what it measures. */
export interface Control {
  readonly what: string;
  readonly passed: boolean;
  readonly detail: string;
}

export interface Chart {
  readonly title: string;
  /** Names of the axes. */
  readonly x: string;
  readonly y: string;
  readonly logX?: boolean;
  readonly logY?: boolean;
  readonly lines: readonly {
    readonly name: string;
    readonly points: readonly (readonly [x: number, y: number])[];
  }[];
}

/** What one bench found. */
export interface BenchResult {
  readonly bench: string;
  readonly comparisons: readonly Comparison[];
  readonly figures: readonly Figure[];
  readonly controls: readonly Control[];
  readonly charts?: readonly Chart[];
}

/** What a run writes with --json. */
export interface BenchRun {
  readonly command: string;
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly results: readonly BenchResult[];
}

/** Says what is under way: on one line of a terminal, else a line every few seconds. */
export type Progress = (step: string) => void;
