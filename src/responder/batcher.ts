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
 * As many workers are at work as have so long to sign each: waking one costs both threads something. With P-256 and 32
 * clients one worker is enough, which saves a tenth of an answer's processor time.
 */
const WORTH_SIGNING_MS = 0.7;
/**
 * With signatures as quick as this one worker keeps up with the main thread, which takes longer for a request; others would
 * only make batches smaller and caches colder. With P-256 in lanes and 128 clients that saves an eighth of an answer's time.
 */
const KEEPS_UP_MS = 0.02;
/** Nothing waits much longer than this for a worker at work while another is idle: the one may hang. */
const MAX_HOLD_MS = 3;
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
  /** Equal ones counted each. */
  readonly requests: number;
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

  get oldest(): Waiting | undefined {
    const [first] = this.waiting.values();
    return first;
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
 * Gathers requests into batches: what arrives in one turn of the event loop is shared out among those workers that all
 * requests are worth and that are free; while none is, a batch waits until it has a place's share of all requests, so that
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
  /** Batches under way, and those held. */
  private inFlight = 0;
  /** Batches that wait for a worker at work although another is idle, oldest first. */
  private readonly held: Batch[] = [];
  /** Batches under way that hold requests of a yielding class. */
  private yielding = 0;
  private answering = 0;
  private scheduled = false;
  private watching: NodeJS.Timeout | undefined;
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

  private dispatch(useful = this.usefulWorkers()): void {
    this.scheduled = false;
    this.giveUpOld();
    while (this.held.length > 0 && this.handedOut < useful) void this.send(this.held.shift() as Batch);
    while (this.inFlight < useful * PLACES) {
      const batch = this.take(this.share(useful));
      if (batch.waiting.length === 0) break;
      this.begin(batch, useful);
    }
    this.watch();
  }

  /** How many workers what waits and what is under way is worth. */
  private usefulWorkers(): number {
    if (this.expectedMs <= KEEPS_UP_MS) return 1;
    const requests = this.queued((queue) => queue.waiting.size, this.open) + this.answering;
    const worth = Math.ceil((requests * this.expectedMs) / WORTH_SIGNING_MS);
    return Math.min(this.options.workers, Math.max(1, worth));
  }

  private get expectedMs(): number {
    return this.signatureMs ?? FIRST_GUESS_MS;
  }

  /** Classes that the next batch may take from. Those that it may not take from have no say in its size either. */
  private get open(): readonly RequestClass[] {
    const mayYield = this.yielding < Math.max(1, this.options.workers * PLACES * YIELDING_SHARE);
    return mayYield ? REQUEST_CLASSES : BETTER;
  }

  /** How many requests the next batch gets; 0 if it waits for more. */
  private share(useful: number): number {
    const waiting = this.queued((queue) => queue.waiting.size, this.open);
    const free = useful - this.inFlight;
    const share = free > 0 ? waiting / free : (waiting + this.answering) / (useful * PLACES);
    const most = Math.min(MAX_REQUESTS, Math.max(1, Math.floor(MAX_SIGNING_MS / this.expectedMs)));
    const size = Math.min(most, Math.ceil(share));
    return waiting < size && free <= 0 ? 0 : size;
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
    const requests = waiting.reduce((sum, { deliver }) => sum + deliver.length, 0);
    return { waiting, requests, yields: waiting.length > better };
  }

  /** A better class may keep another waiting for ever; then it is told so. */
  private giveUpOld(): void {
    const latest = performance.now() - MAX_WAIT_MS;
    const old: Waiting[] = [];
    for (const name of REQUEST_CLASSES)
      this.queues[name].take(old, Number.POSITIVE_INFINITY, ({ since }) => since < latest);
    for (const waiting of old) this.putOff(waiting);
  }

  private begin(batch: Batch, useful: number): void {
    // The pool would give it to a worker that is idle.
    const isHeld = useful < this.options.workers && this.handedOut >= useful;
    this.inFlight++;
    if (batch.yields) this.yielding++;
    this.answering += batch.requests;
    if (isHeld) this.held.push(batch);
    else void this.send(batch);
  }

  /** Batches that the pool has. */
  private get handedOut(): number {
    return this.inFlight - this.held.length;
  }

  /** The request that is to be handed out next. */
  private get next(): Waiting | undefined {
    const [held] = this.held;
    if (held !== undefined) return held.waiting[0];
    const name = this.open.find((each) => this.queues[each].requests > 0);
    return name === undefined ? undefined : this.queues[name].oldest;
  }

  /** Lets nothing wait long for a worker at work while another is idle. */
  private watch(): void {
    if (this.watching !== undefined || this.handedOut >= this.options.workers) return;
    const { next } = this;
    if (next === undefined) return;
    this.watching = setTimeout(() => {
      this.watching = undefined;
      if (this.next === next) this.dispatch(this.options.workers);
      else this.watch();
    }, MAX_HOLD_MS);
  }

  private async send({ waiting, requests, yields }: Batch): Promise<void> {
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
