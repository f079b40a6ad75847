import type { Clock } from "../core/clock.js";

/** closed: signing goes on. open: nothing is signed until a probe succeeds. */
export type BreakerState = "closed" | "open";

/** Failed batches in a row that open the breaker: one may be a session that the token gave up. */
const FAILURES_TO_OPEN = 2;
const PROBE_MS = 1_000;
/** Several responders must not knock on a token that has just come back at the same instant. */
const PROBE_JITTER_MS = 500;

/**
 * Keeps work away from a token that fails or hangs (invariant 9). Opened by two failed batches in a row, or by one that
 * passes its deadline; closed by a successful probe. Probes go out every 1 to 1.5 s, one at a time, so that a token is
 * in use again at most 2 s after it answers.
 */
export class TokenBreaker {
  private failures = 0;
  private nextProbe = 0;
  private probing = false;
  private opened: string | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly onChange: (state: BreakerState, reason: string) => void,
    private readonly random: () => number = Math.random,
  ) {}

  get state(): BreakerState {
    return this.opened === undefined ? "closed" : "open";
  }

  /** A batch or probe was signed, if late. */
  succeeded(): void {
    this.failures = 0;
    this.probing = false;
    if (this.opened === undefined) return;
    this.opened = undefined;
    this.onChange("closed", "the token signs again");
  }

  /** The token refused a batch or probe. */
  failed(reason: string): void {
    this.failures++;
    if (this.probing || this.failures >= FAILURES_TO_OPEN) this.open(reason);
  }

  /** A batch or probe passed its deadline. */
  late(): void {
    this.open("a call to the token passed its deadline");
  }

  /** A call that was late has returned: the token may be back, so the next probe goes out at once. */
  returned(): void {
    if (this.opened !== undefined) this.nextProbe = 0;
  }

  /** True once when a probe is due; its outcome must be reported. */
  takeProbe(): boolean {
    if (this.opened === undefined || this.probing || this.clock.nowMs() < this.nextProbe) return false;
    this.probing = true;
    return true;
  }

  private open(reason: string): void {
    this.probing = false;
    this.nextProbe = this.clock.nowMs() + PROBE_MS + this.random() * PROBE_JITTER_MS;
    if (this.opened !== undefined) return;
    this.opened = reason;
    this.onChange("open", reason);
  }
}
