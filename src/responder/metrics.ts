import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { type Clock, nowSeconds } from "../core/clock.js";
import type { CertIDHash } from "../ocsp/request.js";
import type { Repository } from "../repository/repository.js";
import type { Outcome } from "./batch.js";
import type { FrontendEvents } from "./frontend.js";
import type { PreSigner } from "./pre-signer.js";
import type { CachedAnswer } from "./response-cache.js";

/** What the gauges read when they are scraped. */
export interface MetricsSource {
  /** Requests waiting for a worker or being answered. */
  pending(): number;
  cachedAnswers(): number;
  /** False while the breaker keeps work from the token. */
  tokenAnswers(): boolean;
  /** False while the clock is not signed by. */
  clockIsTrusted(): boolean;
  /** Seconds until the delegate certificate expires, by issuer id. */
  delegateLife(): ReadonlyMap<string, number>;
}

/** Counters and gauges of one responder process. */
export class Metrics implements FrontendEvents {
  readonly registry = new Registry();
  /** Counted here and read when scraped: a labelled counter costs more than the rest of a kept answer. */
  private readonly answers = { GET: new Counts(), POST: new Counts() };
  private readonly hashes = new Counts();
  private readonly batches: Histogram;
  private readonly failures: Counter;
  private preSigner: PreSigner | undefined;

  constructor(
    source: MetricsSource,
    private readonly onFailure: (error: unknown) => void,
  ) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    const { answers, hashes } = this;
    new Counter({
      name: "sekisho_ocsp_answers_total",
      help: "OCSP answers by HTTP method and outcome; cached ones were answered by the front end",
      labelNames: ["method", "outcome"],
      registers,
      collect() {
        this.reset();
        for (const [method, outcomes] of Object.entries(answers))
          for (const [outcome, { count }] of outcomes.byName) this.inc({ method, outcome }, count);
      },
    });
    new Counter({
      name: "sekisho_ocsp_cert_id_hashes_total",
      help: "OCSP answers about certificates of served issuers, by hash algorithm of the CertID",
      labelNames: ["hash"],
      registers,
      collect() {
        this.reset();
        for (const [hash, { count }] of hashes.byName) this.inc({ hash }, count);
      },
    });
    this.failures = new Counter({
      name: "sekisho_store_failures_total",
      help: "Requests that were put off because the store could not be read",
      registers,
    });
    this.batches = new Histogram({
      name: "sekisho_batch_signatures",
      help: "Signatures made in one batch",
      buckets: [0, 1, 2, 4, 8, 16, 32, 64],
      registers,
    });
    new Gauge({
      name: "sekisho_requests_pending",
      help: "Requests waiting for a worker or being answered",
      registers,
      collect() {
        this.set(source.pending());
      },
    });
    new Gauge({
      name: "sekisho_cached_answers",
      help: "Answers in the response cache",
      registers,
      collect() {
        this.set(source.cachedAnswers());
      },
    });
    new Gauge({
      name: "sekisho_token_up",
      help: "1 while the token signs; 0 while the breaker is open and only cached answers are given",
      aggregator: "min",
      registers,
      collect() {
        this.set(source.tokenAnswers() ? 1 : 0);
      },
    });
    new Gauge({
      name: "sekisho_clock_trusted",
      help: "0 after the clock jumped, until it has agreed with the time since boot for 60 s",
      registers,
      collect() {
        this.set(source.clockIsTrusted() ? 1 : 0);
      },
    });
    new Gauge({
      name: "sekisho_delegate_life_seconds",
      help: "Time until the OCSP delegate certificate expires; 0 without one",
      aggregator: "min",
      labelNames: ["issuer"],
      registers,
      collect() {
        this.reset();
        for (const [issuer, life] of source.delegateLife()) this.set({ issuer }, life);
      },
    });
  }

  answered(method: "GET" | "POST", outcome: Outcome | "cached", hash?: CertIDHash): void {
    this.answers[method].add(outcome);
    if (hash !== undefined) this.hashes.add(hash);
  }

  failed(error: unknown): void {
    this.failures.inc();
    this.onFailure(error);
  }

  kept(key: string, answer: CachedAnswer): void {
    this.preSigner?.kept(key, answer);
  }

  /** Adds the pre-signer's figures. */
  follow(preSigner: PreSigner, clock: Clock): void {
    this.preSigner = preSigner;
    const registers = [this.registry];
    new Gauge({
      name: "sekisho_presign_backlog",
      help: "Kept answers that should have been signed anew by now",
      registers,
      collect() {
        this.set(preSigner.backlog);
      },
    });
    new Gauge({
      name: "sekisho_presigned_answers",
      help: "Kept answers signed anew ahead of time since the process started",
      registers,
      collect() {
        this.set(preSigner.signed);
      },
    });
    new Gauge({
      name: "sekisho_first_answer_expires_seconds",
      help: "Time until the kept answer that is due first may no longer be sent",
      aggregator: "min",
      registers,
      collect() {
        this.reset();
        const { firstExpiry } = preSigner;
        if (firstExpiry !== undefined) this.set(firstExpiry - nowSeconds(clock));
      },
    });
  }

  /** Adds the repository's figures. */
  observe(repository: Repository): void {
    const registers = [this.registry];
    const { downloads } = repository;
    new Gauge({
      name: "sekisho_downloads",
      help: "Downloads of large CRLs that are under way",
      registers,
      collect() {
        this.set(downloads.underWay);
      },
    });
    new Counter({
      name: "sekisho_downloads_refused_total",
      help: "Downloads of large CRLs refused with 503 because there were too many",
      registers,
      collect() {
        this.reset();
        this.inc(downloads.refused);
      },
    });
  }

  batchSigned(signatures: number): void {
    this.batches.observe(signatures);
  }
}

/** Counts by a few names that are constants: one look into the map an event, and no text made. */
class Counts {
  readonly byName = new Map<string, { count: number }>();

  add(name: string): void {
    const counted = this.byName.get(name);
    if (counted === undefined) this.byName.set(name, { count: 1 });
    else counted.count++;
  }
}
