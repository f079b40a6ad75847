import { Random } from "../fault/schedules/random.js";
import { minimise } from "./minimise.js";
import { mutateDer } from "./mutate-der.js";
import { MAX_INPUT, mutateOctets } from "./mutate-octets.js";
import { mutateText } from "./mutate-text.js";
import { Finding, type FuzzTarget } from "./target.js";

/** A hostile input may not take longer; on a busy machine the quickest of some attempts counts. */
const LONGEST_MS = 50;
const ATTEMPTS = 20;
/** Changes made to one input before it is tried. */
const MOST_CHANGES = 4;

const MUTATORS = { der: mutateDer, text: mutateText, octets: mutateOctets } as const;

/** An input that breaks a rule, made small. */
export interface Found {
  readonly input: Uint8Array;
  readonly rule: string;
  readonly cause: unknown;
}

/**
 * Changes inputs and checks what the target makes of them. An input that shows an outcome not seen before is kept and
 * changed further, and judged by the other implementation. The seed repeats a run.
 */
export class Fuzzer {
  executions = 0;
  readonly outcomes = new Set<string>();
  readonly found: Found[] = [];
  private readonly pool: Uint8Array[] = [];
  private readonly random: Random;
  private readonly longestMs: number;

  constructor(
    private readonly target: FuzzTarget,
    corpus: readonly Uint8Array[],
    seed: number,
  ) {
    this.random = new Random(seed);
    this.longestMs = target.longestMs ?? LONGEST_MS;
    for (const input of corpus) {
      this.pool.push(input);
      this.try(input);
    }
  }

  get poolSize(): number {
    return this.pool.length;
  }

  /** Makes one new input and tries it. */
  step(): void {
    const mutate = MUTATORS[this.target.syntax];
    let input = this.random.pick(this.pool);
    for (let changes = 1 + this.random.int(MOST_CHANGES); changes > 0; changes--)
      input = mutate(input, this.random.pick(this.pool), this.random);
    this.try(input.subarray(0, MAX_INPUT));
  }

  private try(input: Uint8Array): void {
    this.executions++;
    const fault = this.faultOf(input, true);
    if (fault === undefined || this.found.some(({ rule }) => rule === fault.message)) return;
    const smallest = minimise(
      input,
      (candidate) => this.faultOf(candidate, false)?.message === fault.message,
    );
    const { cause } = this.faultOf(smallest, false) ?? fault;
    this.found.push({ input: smallest, rule: fault.message, cause });
  }

  /** The rule that the input breaks, if it does. `learns`: a new outcome is kept; else the judge is always asked. */
  private faultOf(input: Uint8Array, learns: boolean): Finding | undefined {
    try {
      const start = performance.now();
      const outcome = this.target.check(input);
      if (performance.now() - start > this.longestMs) this.assertQuick(input);
      const isNew = !this.outcomes.has(outcome);
      if (isNew || !learns) this.target.judge?.(input);
      if (isNew && learns) {
        this.outcomes.add(outcome);
        this.pool.push(input);
      }
      return undefined;
    } catch (error) {
      if (error instanceof Finding) return error;
      throw error;
    }
  }

  private assertQuick(input: Uint8Array): void {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const start = performance.now();
      this.target.check(input);
      if (performance.now() - start <= this.longestMs) return;
    }
    throw new Finding(`an input takes longer than ${this.longestMs} ms`);
  }
}
