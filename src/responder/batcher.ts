import { errorResponse } from "../ocsp/response.js";
import { REQUEST_CLASSES, type RequestClass } from "./admission.js";
import { type Answer, type BatchResult, type BatchTask, pack, packed, unsignedAnswer } from "./batch.js";

/** Receives one answer. `position` is the journal position that the answer shows. */
export type Deliver = (response: Buffer, answer: Answer, position: number) => void;

/** Runs one batch in some worker. */
export type RunBatch = (task: BatchTask) => Promise<BatchResult>;

export interface BatcherOptions {
  /** Threads that sign. */
  readonly workers: number;
  /** Requests of each class that may wait; beyond it new ones are refused. */
  readonly maxWaiting: Readonly<Record<RequestClass, number>>;
}

/** A batch takes at most this long to sign (invariant 1), and never more than this many requests. */
const MAX_SIGNING_MS = 20;
const MAX_REQUESTS = 64;
/**
 * What takes less to sign is not worth a worker of its own while another is at work: handing a batch over costs both
 * threads something. With P-256 that saves a tenth of an answer's processor time.
 */
const WORTH_SIGNING_MS = 0.3;
/** It does not wait longer for that other worker, which may hang. */
const MAX_HOLD_MS = 1;
/** A signature's time before the first one. */
const FIRST_GUESS_MS = 1;
/** How much slower a token may seem from one batch to the next. */
const SLOWER = 1.05;
/** Who has waited this long is answered tryLater: openssl and nginx give up soon after. */
const MAX_WAIT_MS = 3_000;

const TRY_LATER = unsignedAnswer("tryLater");

/** Batches under way for each worker: one is signed, the next is there when it ends. */
const PLACES = 2;

/** Served first, in the order of REQUEST_CLASSES. The others yield, so that workers stay free: strangers ask them without end. */
const BETTER: readonly RequestClass[] = ["known", "nonce"];
/** Batches with requests of the yielding classes may take this share of the places. */
const YIELDING_SHARE = 1 / 4;

interface Waiting {
  readonly request: Uint8Array;
  readonly since: number;
  readonly deliver: Deliver[];
}

interface Batch {
  readonly waiting: readonly Waiting[];
  /** It holds requests of a yielding class. */
  readonly yields: boolean;
}

/** Requests of one class, oldest first, by cache key. */
class Queue {
  waiting = new Map<string, Waiting>();
  /** Requests in `waiting`, equal ones counted each. */
  requests = 0;

  add(key: string, request: Uint8Array, deliver: Deliver): void {
    this.requests++;
    const same = this.waiting.get(key);
    if (same !== undefined) same.deliver.push(deliver);
    else this.waiting.set(key, { request, since: performance.now(), deliver: [deliver] });
  }

  /** Takes the oldest for which `wanted` holds into `into`, until it does not hold or `into` has `most`. */
  take(into: Waiting[], most: number, wanted: (waiting: Waiting) => boolean): void {
    if (this.waiting.size === 0) return;
    for (const [key, waiting] of this.waiting) {
      if (into.length >= most || !wanted(waiting)) return;
      into.push(waiting);
      this.waiting.delete(key);
      this.requests -= waiting.deliver.length;
    }
    // A Map that shrinks or grows leaves its old table pointing at the new one. Once such a table has become old, V8 keeps
    // all that ever stood in its successors until the next full collection: 2 KiB of each request.
    this.waiting = new Map();
  }
}

/**
 * Gathers requests into batches: what arrives in one turn of the event loop is shared out among the workers that are
 * free, as far as it is worth one each; while none is, a batch waits until it has a place's share of all requests, so that
 * there are few batches and none keeps its worker long after the others. The better class goes first (invariant 9). A
 * request that equals one still waiting shares its answer; one that was handed out already is not joined, because a
 * revocation may have been acknowledged since (invariant 1).
 */
export class Batcher {
  private readonly queues: Readonly<Record<RequestClass, Queue>> = {
    known: new Queue(),
    nonce: new Queue(),
    unknown: new Queue(),
    refresh: new Queue(),
  };
  private inFlight = 0;
  /** Batches under way that hold requests of a yielding class. */
  private yielding = 0;
  private answering = 0;
  private scheduled = false;
  /** Runs while requests wait although a worker is free. */
  private hold: NodeJS.Timeout | undefined;
  /**
   * Time one signature takes at its quickest of late, in milliseconds. Not the mean: where processors are short, batches
   * take longer, and smaller ones would only make it worse.
   */
  private signatureMs: number | undefined;

  constructor(
    private readonly run: RunBatch,
    private readonly options: BatcherOptions,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Requests that wait or are being answered. */
  get pending(): number {
    return this.answering + this.queued((queue) => queue.requests, REQUEST_CLASSES);
  }

  /** Queues a request under its cache key; `request` must stay unchanged until delivery. False: full, nothing was queued. */
  add(requestClass: RequestClass, key: string, request: Uint8Array, deliver: Deliver): boolean {
    const queue = this.queues[requestClass];
    if (queue.requests >= this.options.maxWaiting[requestClass]) return false;
    queue.add(key, request, deliver);
    if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(() => this.dispatch());
    }
    return true;
  }

  private dispatch(mayHold = true): void {
    this.scheduled = false;
    this.giveUpOld();
    while (this.inFlight < this.places) {
      const batch = this.take(this.share(mayHold));
      if (batch.waiting.length === 0) return;
      void this.send(batch);
    }
  }

  private get places(): number {
    return this.options.workers * PLACES;
  }

  /** Classes that the next batch may take from. Those that it may not take from have no say in its size either. */
  private get open(): readonly RequestClass[] {
    const mayYield = this.yielding < Math.max(1, this.places * YIELDING_SHARE);
    return mayYield ? REQUEST_CLASSES : BETTER;
  }

  /** How many requests the next batch gets; 0 if it can wait for more. */
  private share(mayHold: boolean): number {
    const waiting = this.queued((queue) => queue.waiting.size, this.open);
    if (waiting === 0) return 0;
    const signatureMs = this.signatureMs ?? FIRST_GUESS_MS;
    const most = Math.min(MAX_REQUESTS, Math.max(1, Math.floor(MAX_SIGNING_MS / signatureMs)));
    const worth = Math.min(most, Math.ceil(WORTH_SIGNING_MS / signatureMs));
    const free = this.options.workers - this.inFlight;
    const share = free > 0 ? waiting / free : (waiting + this.answering) / this.places;
    const size = Math.min(most, Math.max(worth, Math.ceil(share)));
    if (free <= 0) return waiting < size ? 0 : size;
    if (!mayHold || this.inFlight === 0 || waiting >= worth) return size;
    this.hold ??= setTimeout(() => {
      this.hold = undefined;
      this.dispatch(false);
    }, MAX_HOLD_MS);
    return 0;
  }

  private queued(count: (queue: Queue) => number, classes: readonly RequestClass[]): number {
    return classes.reduce((sum, name) => sum + count(this.queues[name]), 0);
  }

  private take(most: number): Batch {
    const waiting: Waiting[] = [];
    let better = 0;
    for (const name of this.open) {
      this.queues[name].take(waiting, most, () => true);
      if (BETTER.includes(name)) better = waiting.length;
    }
    return { waiting, yields: waiting.length > better };
  }

  /** A better class may keep another waiting for ever; then it is told so. */
  private giveUpOld(): void {
    const latest = performance.now() - MAX_WAIT_MS;
    const old: Waiting[] = [];
    for (const name of REQUEST_CLASSES)
      this.queues[name].take(old, Number.POSITIVE_INFINITY, ({ since }) => since < latest);
    for (const waiting of old) this.putOff(waiting);
  }

  private async send({ waiting, yields }: Batch): Promise<void> {
    const requests = waiting.reduce((sum, { deliver }) => sum + deliver.length, 0);
    this.inFlight++;
    if (yields) this.yielding++;
    this.answering += requests;
    const result = await this.answered(waiting);
    this.inFlight--;
    if (yields) this.yielding--;
    this.answering -= requests;
    // The free worker comes before those who wait.
    this.dispatch();
    if (result === undefined) {
      for (const each of waiting) this.putOff(each);
      return;
    }
    const { responses, ends, answers, position } = result;
    waiting.forEach(({ deliver }, i) => {
      // Copied: an answer that is kept, or that a slow client holds, must not keep the whole batch's memory.
      const response = Buffer.from(packed(responses, ends, i));
      this.deliver(deliver, response, answers[i] as Answer, position);
    });
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

  private putOff({ deliver }: Waiting): void {
    this.deliver(deliver, errorResponse("tryLater"), TRY_LATER, 0);
  }

  /** Hands an answer to everybody who waits for it; one that throws keeps it from nobody else. */
  private deliver(deliver: readonly Deliver[], response: Buffer, answer: Answer, position: number): void {
    for (const each of deliver)
      try {
        each(response, answer, position);
      } catch (error) {
        this.onFailure(error);
      }
  }

  private learn({ signatures, signingMs }: BatchResult): void {
    if (signatures > 0)
      this.signatureMs = Math.min(
        signingMs / signatures,
        (this.signatureMs ?? Number.POSITIVE_INFINITY) * SLOWER,
      );
  }
}
