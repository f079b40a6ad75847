import type { BatchResult, BatchTask } from "./batch.js";
import type { TokenBreaker } from "./token-breaker.js";

/** A batch takes 20 ms to sign; whoever has not answered after this long hangs in a call to the token. */
export const BATCH_DEADLINE_MS = 2_000;
const TICK_MS = 250;

/** A batch that was not signed: refused because the breaker is open, or given up at its deadline. */
export class TokenUnavailable extends Error {}

/** The worker pool as far as it is needed here. */
export interface Workers {
  run(task: BatchTask): Promise<BatchResult>;
  /** Ends the workers once what is under way is done. */
  close(): Promise<void>;
}

/**
 * Runs batches in the worker pool while the token answers. A thread inside a native call can be neither stopped nor
 * abandoned, so a late batch only loses its wait: the worker stays written off until its call returns, and the requests
 * are answered tryLater. Probes find out when the token is back.
 */
export class SigningPool {
  /** Start times of the calls that are past their deadline. */
  private readonly lateSince = new Map<symbol, number>();
  private probeUnderWay = false;
  private readonly ticks: NodeJS.Timeout;

  /** `deadlineMs` for tests. */
  constructor(
    private readonly workers: Pick<Workers, "run">,
    private readonly breaker: TokenBreaker,
    private readonly deadlineMs = BATCH_DEADLINE_MS,
  ) {
    this.ticks = setInterval(() => this.probeIfDue(), TICK_MS);
    this.ticks.unref();
  }

  /** Milliseconds for which the longest late call has been out; 0 when none is. */
  get hungMs(): number {
    const oldest = Math.min(...this.lateSince.values());
    return Number.isFinite(oldest) ? performance.now() - oldest : 0;
  }

  /** Has a batch answered. Throws TokenUnavailable at once while the breaker is open, else after the deadline. */
  async run(task: BatchTask): Promise<BatchResult> {
    if (this.breaker.state === "open") throw new TokenUnavailable("the token does not answer");
    return await this.withDeadline(task);
  }

  close(): void {
    clearInterval(this.ticks);
  }

  private probeIfDue(): void {
    if (this.probeUnderWay || !this.breaker.takeProbe()) return;
    this.probeUnderWay = true;
    this.withDeadline({ requests: new Uint8Array(0), ends: new Uint32Array(0), probe: true }).catch(
      () => undefined,
    );
  }

  private withDeadline(task: BatchTask): Promise<BatchResult> {
    const started = performance.now();
    const name = Symbol("call");
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.lateSince.set(name, started);
        this.breaker.late();
        reject(new TokenUnavailable(`no answer within ${this.deadlineMs} ms`));
      }, this.deadlineMs);
      const settled = (): boolean => {
        clearTimeout(timer);
        if (task.probe === true) this.probeUnderWay = false;
        return this.lateSince.delete(name);
      };
      this.workers.run(task).then(
        (result) => {
          const wasLate = settled();
          this.report(result);
          if (wasLate) this.breaker.returned();
          resolve(result);
        },
        (error: unknown) => {
          settled();
          this.breaker.failed("a worker failed");
          reject(error);
        },
      );
    });
  }

  private report({ signatures, signingFault }: BatchResult): void {
    if (signingFault !== undefined) this.breaker.failed(signingFault);
    else if (signatures > 0) this.breaker.succeeded();
  }
}
