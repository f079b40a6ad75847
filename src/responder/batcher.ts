import { errorResponse } from "../ocsp/response.js";
import { type Answer, type BatchResult, type BatchTask, pack, packed, unsignedAnswer } from "./batch.js";

/** Receives one answer. `position` is the journal position that the answer shows. */
export type Deliver = (response: Buffer, answer: Answer, position: number) => void;

/** Runs one batch in some worker. */
export type RunBatch = (task: BatchTask) => Promise<BatchResult>;

export interface BatcherOptions {
  /** Batches under way at once. Above the number of workers, so that none waits for its next batch. */
  readonly maxInFlight: number;
  /** Requests waiting beyond which new ones are refused. */
  readonly maxWaiting: number;
}

/** A batch takes at most this long to sign (invariant 1), and never more than this many requests. */
const MAX_SIGNING_MS = 20;
const MAX_REQUESTS = 64;

const TRY_LATER = unsignedAnswer("tryLater");

interface Waiting {
  readonly request: Uint8Array;
  readonly deliver: Deliver[];
}

/**
 * Gathers requests into batches: what arrives in one turn of the event loop, or while all workers are busy, goes out
 * together. A request that equals one still waiting shares its answer; one that was handed out already is not
 * joined, because a revocation may have been acknowledged since (invariant 1).
 */
export class Batcher {
  private waiting = new Map<string, Waiting>();
  private waitingRequests = 0;
  private inFlight = 0;
  private answering = 0;
  private scheduled = false;
  /** Moving average of the time one signature takes, in milliseconds. */
  private signatureMs = 1;

  constructor(
    private readonly run: RunBatch,
    private readonly options: BatcherOptions,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Requests that wait or are being answered. */
  get pending(): number {
    return this.waitingRequests + this.answering;
  }

  /** Queues a request under its cache key; `request` must stay unchanged until delivery. False: full, nothing was queued. */
  add(key: string, request: Uint8Array, deliver: Deliver): boolean {
    if (this.waitingRequests >= this.options.maxWaiting) return false;
    this.waitingRequests++;
    const same = this.waiting.get(key);
    if (same !== undefined) same.deliver.push(deliver);
    else this.waiting.set(key, { request, deliver: [deliver] });
    if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(() => this.dispatch());
    }
    return true;
  }

  private dispatch(): void {
    this.scheduled = false;
    while (this.waiting.size > 0 && this.inFlight < this.options.maxInFlight) void this.send(this.take());
  }

  private take(): Waiting[] {
    const most = Math.min(MAX_REQUESTS, Math.max(1, Math.floor(MAX_SIGNING_MS / this.signatureMs)));
    const batch: Waiting[] = [];
    for (const [key, waiting] of this.waiting) {
      if (batch.length === most) break;
      batch.push(waiting);
      this.waiting.delete(key);
      this.waitingRequests -= waiting.deliver.length;
    }
    return batch;
  }

  private async send(batch: readonly Waiting[]): Promise<void> {
    const requests = batch.reduce((sum, { deliver }) => sum + deliver.length, 0);
    this.inFlight++;
    this.answering += requests;
    const result = await this.answered(batch);
    this.inFlight--;
    this.answering -= requests;
    batch.forEach((waiting, i) => {
      this.deliver(waiting, i, result);
    });
    this.dispatch();
  }

  /** The batch's result; undefined if the worker failed. */
  private async answered(batch: readonly Waiting[]): Promise<BatchResult | undefined> {
    const { bytes, ends } = pack(batch.map(({ request }) => request));
    try {
      const result = await this.run({ requests: bytes, ends });
      this.learn(result);
      return result;
    } catch (error) {
      this.onFailure(error);
      return undefined;
    }
  }

  /** Hands the `i`-th answer to everybody who waits for it; one that throws keeps it from nobody else. */
  private deliver({ deliver }: Waiting, i: number, result: BatchResult | undefined): void {
    const answer = result?.answers[i] ?? TRY_LATER;
    // Copied: a cached answer must not keep the whole batch's memory.
    const response =
      result === undefined
        ? errorResponse("tryLater")
        : Buffer.from(packed(result.responses, result.ends, i));
    for (const each of deliver)
      try {
        each(response, answer, result?.position ?? 0);
      } catch (error) {
        this.onFailure(error);
      }
  }

  private learn({ signatures, signingMs }: BatchResult): void {
    if (signatures > 0) this.signatureMs += 0.2 * (signingMs / signatures - this.signatureMs);
  }
}
