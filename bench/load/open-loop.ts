import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import { type Answer, HttpConnection } from "./http-connection.js";

export interface OpenLoopOptions {
  readonly host: string;
  readonly port: number;
  /** Local address, for a peer of its own. */
  readonly from?: string;
  readonly connections: number;
  /** Requests a second, sent when they are due whether or not earlier ones are answered; Infinity: as fast as answers come. */
  readonly rate: number;
  readonly seconds: number;
  /** The `n`-th request, whole, and what its answer must be: undefined, or what is wrong. */
  request(n: number): Asked;
}

export interface Asked {
  readonly bytes: Buffer;
  judge(answer: Answer): string | undefined;
}

export interface LoadReport {
  readonly sent: number;
  readonly answered: number;
  /** Why requests failed, and how often. */
  readonly failures: Readonly<Record<string, number>>;
  /** Answers a second. */
  readonly rate: number;
  /** Milliseconds from the moment a request was due: waiting for a free connection counts (no coordinated omission). */
  readonly latency: Percentiles;
  /** Milliseconds by which the generator itself sent too late: what it adds to the latencies. */
  readonly lateness: Percentiles;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Unanswered for this long: the request has failed. Also how long the end waits for what is under way. */
const REQUEST_DEADLINE_MS = 10_000;
const NS_PER_MS = 1e6;

/** A request under way: when it was due, and how its answer is judged. */
interface UnderWay {
  readonly dueMs: number;
  readonly judge: Asked["judge"];
}

/**
 * Sends requests at a fixed rate over kept-alive connections and measures each from the time it was due. A connection
 * is opened again when the server has announced that it closes, or has closed it while idle; anything else that keeps
 * a request from its answer is a failure.
 */
export class OpenLoop {
  private readonly latency = createHistogram({ lowest: 1, highest: 1e11, figures: 3 });
  private readonly lateness = createHistogram({ lowest: 1, highest: 1e11, figures: 3 });
  private readonly idle: HttpConnection[] = [];
  private readonly underWay = new Map<HttpConnection, UnderWay>();
  private readonly failures: Record<string, number> = {};
  private sent = 0;
  private answered = 0;
  private startMs = 0;
  private ending = false;
  /** Requests wait for a connection: what is sent late now is late because of the server. */
  private starved = false;

  constructor(private readonly options: OpenLoopOptions) {}

  /** Runs to its end. Rejects if no connection can be had at the start. */
  async run(): Promise<LoadReport> {
    await Promise.all(Array.from({ length: this.options.connections }, () => this.connectFirst()));
    this.startMs = performance.now();
    await this.sendUntilEnd();
    const seconds = (performance.now() - this.startMs) / 1000;
    const rate = this.answered / seconds;
    await this.drain();
    return {
      sent: this.sent,
      answered: this.answered,
      failures: this.failures,
      rate,
      latency: percentiles(this.latency),
      lateness: percentiles(this.lateness),
    };
  }

  private connectFirst(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.connect(resolve, reject);
    });
  }

  private connect(ready?: () => void, failed?: (error: Error) => void): void {
    new HttpConnection(
      this.options,
      {
        answered: (connection, answer) => this.take(connection, answer),
        closed: (connection, duringRequest, why) => {
          const at = this.idle.indexOf(connection);
          if (at >= 0) this.idle.splice(at, 1);
          if (duringRequest) this.lose(connection, why);
          if (this.ending) return;
          if (why !== "announced" && why !== "closed by the server" && !duringRequest) this.count(why);
          failed?.(new Error(why));
          if (failed === undefined || this.startMs > 0) this.connect();
        },
      },
      (connection) => {
        this.idle.push(connection);
        ready?.();
        if (this.startMs > 0) this.sendDue();
      },
    );
  }

  private async sendUntilEnd(): Promise<void> {
    const endMs = this.startMs + this.options.seconds * 1000;
    while (performance.now() < endMs) {
      this.sendDue();
      this.giveUpLate();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Sends what is due while there are connections. */
  private sendDue(): void {
    const { rate, request, seconds } = this.options;
    if (this.ending) return;
    for (;;) {
      const now = performance.now();
      const dueMs = rate === Number.POSITIVE_INFINITY ? now : this.startMs + (this.sent / rate) * 1000;
      if (now >= this.startMs + seconds * 1000) return;
      if (dueMs > now) {
        this.starved = false;
        return;
      }
      const connection = this.idle.shift();
      if (connection === undefined) {
        this.starved = true;
        return;
      }
      const { bytes, judge } = request(this.sent++);
      this.underWay.set(connection, { dueMs, judge });
      if (!this.starved) record(this.lateness, now - dueMs);
      connection.send(bytes);
    }
  }

  private take(connection: HttpConnection, answer: Answer): void {
    const request = this.underWay.get(connection);
    if (request === undefined) {
      this.count("an answer that nobody asked for");
      return;
    }
    this.underWay.delete(connection);
    record(this.latency, performance.now() - request.dueMs);
    const wrong = request.judge(answer);
    if (wrong === undefined) this.answered++;
    else this.count(wrong);
    if (connection.isClosing) return;
    this.idle.push(connection);
    this.sendDue();
  }

  private lose(connection: HttpConnection, why: string): void {
    if (this.underWay.delete(connection)) this.count(`no answer: ${why}`);
  }

  private giveUpLate(): void {
    const latest = performance.now() - REQUEST_DEADLINE_MS;
    for (const [connection, { dueMs }] of this.underWay) {
      if (dueMs > latest) return;
      this.lose(connection, "deadline");
      connection.close();
    }
  }

  private async drain(): Promise<void> {
    this.ending = true;
    const latest = performance.now() + REQUEST_DEADLINE_MS;
    while (this.underWay.size > 0 && performance.now() < latest)
      await new Promise((resolve) => setTimeout(resolve, 5));
    for (const connection of this.underWay.keys()) this.lose(connection, "deadline");
    for (const connection of this.idle) connection.close();
  }

  private count(why: string): void {
    this.failures[why] = (this.failures[why] ?? 0) + 1;
  }
}

function record(histogram: RecordableHistogram, milliseconds: number): void {
  histogram.record(Math.max(1, Math.round(milliseconds * NS_PER_MS)));
}

function percentiles(histogram: RecordableHistogram): Percentiles {
  const at = (percentile: number): number => histogram.percentile(percentile) / NS_PER_MS;
  return { p50: at(50), p99: at(99), p999: at(99.9), max: histogram.max / NS_PER_MS };
}
