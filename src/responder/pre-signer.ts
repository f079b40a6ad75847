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
  readonly answer: CachedAnswer;
}

/**
 * Signs kept answers anew before they stop being fresh, so that no client waits for a signature, as long as somebody
 * asks for them: an answer that was not used since it was made is left to expire. Jittered, because answers made
 * together would be due together. What a revocation evicts is signed again at once if it was in use.
 */
export class PreSigner {
  private readonly due = new DueHeap<Due>();
  private underWay = 0;
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
    private readonly random: () => number = Math.random,
  ) {}

  /** Answers that should have been signed anew by now. */
  get backlog(): number {
    const first = this.due.peek();
    return first !== undefined && first.due <= nowSeconds(this.clock) ? this.due.size : 0;
  }

  /** Unix seconds until which the answer that is due first may be sent; undefined without one. */
  get firstExpiry(): number | undefined {
    return this.due.peek()?.value.answer.validUntil;
  }

  kept(key: string, answer: CachedAnswer): void {
    const life = answer.freshUntil - answer.lastModified;
    // freshUntil lies at half of the life.
    const part = 2 * (EARLIEST + (LATEST - EARLIEST) * this.random());
    this.due.add(answer.lastModified + part * life, { key, answer });
    if (this.due.size > this.maxEntries) this.due.retain((due) => this.current(due.key) === due.answer);
  }

  evicted(key: string, answer: CachedAnswer): void {
    if (answer.used) this.due.add(nowSeconds(this.clock), { key, answer });
  }

  /** Starts what is due, as far as there is room. */
  tick(): void {
    const now = nowSeconds(this.clock);
    while (this.underWay < MAX_UNDER_WAY && (this.due.peek()?.due ?? Number.POSITIVE_INFINITY) <= now) {
      const due = this.due.take() as Due;
      if (this.isWanted(due)) this.start(due);
    }
  }

  /** False for an answer that nobody used, or that another has replaced. */
  private isWanted({ key, answer }: Due): boolean {
    const kept = this.current(key);
    return answer.used && (kept === answer || kept === undefined);
  }

  private start(due: Due): void {
    this.underWay++;
    this.refresh(due.key, (kept) => {
      this.underWay--;
      if (kept) this.signed++;
      else this.due.add(nowSeconds(this.clock) + RETRY_SECONDS * (1 + this.random()), due);
    });
  }
}
