import { type Clock, nowSeconds } from "../core/clock.js";
import { DueHeap } from "./due-heap.js";
import type { CachedAnswer } from "./response-cache.js";

/** Answers that are being signed anew at once: the queue behind them is everybody's. */
const MAX_UNDER_WAY = 64;
/** A refresh that failed, because the token or the clock is not to be had, is tried again after so long. */
const RETRY_SECONDS = 5;
/** Part of its life after which an answer is signed anew; it stays fresh until half of it. */
const EARLIEST = 0.3;
const LATEST = 0.45;

interface Due {
  /** The DER request as latin1. */
  readonly key: string;
  /** What is kept for it; undefined before the first answer. */
  readonly answer: CachedAnswer | undefined;
}

/** What is kept fresh. */
export interface PresignScope {
  /** False for an answer that may be left to expire. */
  isWanted(answer: CachedAnswer): boolean;
  /** DER requests (latin1) that are answered before anybody asks, as far as there is room. */
  requests(): Iterator<string>;
  /** The DER request about a row that has changed, to be answered at once. */
  request(row: string): string | undefined;
}

/** Answers that are in use: one that was not sent since it was made is left to expire. */
export const HOT: PresignScope = {
  isWanted: ({ used }) => used,
  requests: () => [].values(),
  request: () => undefined,
};

/**
 * Signs kept answers anew before they stop being fresh, so that no client waits for a signature. Jittered, because
 * answers made together would be due together. What a revocation evicts is signed again at once if it is wanted.
 */
export class PreSigner {
  private readonly due = new DueHeap<Due>();
  private underWay = 0;
  private upcoming: Iterator<string>;
  /** Answers signed anew. */
  signed = 0;

  /**
   * `maxEntries` bounds the index; what the cache has let go leaves it when that is reached.
   * `current` is what is kept for a request now; `refresh` has it signed at the lowest priority and kept, and says
   * whether it was.
   */
  constructor(
    private readonly maxEntries: number,
    private readonly current: (key: string) => CachedAnswer | undefined,
    private readonly refresh: (key: string, done: (kept: boolean) => void) => void,
    private readonly clock: Clock,
    private readonly scope: PresignScope = HOT,
    private readonly random: () => number = Math.random,
  ) {
    this.upcoming = scope.requests();
  }

  /** Answers that should have been signed anew by now. */
  get backlog(): number {
    const first = this.due.peek();
    return first !== undefined && first.due <= nowSeconds(this.clock) ? this.due.size : 0;
  }

  /** Unix seconds until which the answer that is due first may be sent; undefined without one. */
  get firstExpiry(): number | undefined {
    return this.due.peek()?.value.answer?.validUntil;
  }

  kept(key: string, answer: CachedAnswer): void {
    const life = answer.freshUntil - answer.lastModified;
    // freshUntil lies at half of the life.
    const part = 2 * (EARLIEST + (LATEST - EARLIEST) * this.random());
    this.due.add(answer.lastModified + part * life, { key, answer });
    if (this.due.size > this.maxEntries) this.due.retain((due) => this.current(due.key) === due.answer);
  }

  evicted(key: string, answer: CachedAnswer): void {
    if (this.scope.isWanted(answer)) this.due.add(nowSeconds(this.clock), { key, answer });
  }

  /** A certificate was issued or its status changed. */
  changed(row: string): void {
    const key = this.scope.request(row);
    if (key !== undefined) this.due.add(nowSeconds(this.clock), { key, answer: undefined });
  }

  /** Nothing is kept any more. */
  cleared(): void {
    this.upcoming = this.scope.requests();
  }

  /** Starts what is due, as far as there is room. */
  tick(): void {
    while (this.underWay < MAX_UNDER_WAY) {
      const due = this.next();
      if (due === undefined) return;
      if (this.isWanted(due)) this.start(due);
    }
  }

  private next(): Due | undefined {
    if ((this.due.peek()?.due ?? Number.POSITIVE_INFINITY) <= nowSeconds(this.clock)) return this.due.take();
    const { done, value } = this.upcoming.next();
    return done === true ? undefined : { key: value, answer: undefined };
  }

  /** False for an answer that may expire, or that another has replaced. */
  private isWanted({ key, answer }: Due): boolean {
    const kept = this.current(key);
    if (kept !== undefined && kept !== answer) return false;
    return answer === undefined || this.scope.isWanted(answer);
  }

  private start(due: Due): void {
    this.underWay++;
    this.refresh(due.key, (kept) => {
      this.underWay--;
      if (kept) {
        this.signed++;
        this.tick();
      } else this.due.add(nowSeconds(this.clock) + RETRY_SECONDS * (1 + this.random()), due);
    });
  }
}
