import { createServer, type Server } from "node:http";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { SekishoError } from "../core/errors.js";
import type { Outcome } from "./batch.js";
import type { FrontendEvents } from "./frontend.js";

/** What the gauges read when they are scraped. */
export interface MetricsSource {
  /** Requests waiting for a worker or being answered. */
  pending(): number;
  cachedAnswers(): number;
  /** False while the breaker keeps work from the token. */
  tokenAnswers(): boolean;
  /** Seconds until the delegate certificate expires, by issuer id. */
  delegateLife(): ReadonlyMap<string, number>;
}

/** Counters and gauges of one responder process. */
export class Metrics implements FrontendEvents {
  readonly registry = new Registry();
  private readonly answers: Counter<"method" | "outcome">;
  private readonly batches: Histogram;

  constructor(source: MetricsSource) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.answers = new Counter({
      name: "sekisho_ocsp_answers_total",
      help: "OCSP answers by HTTP method and outcome; cached ones were answered by the front end",
      labelNames: ["method", "outcome"],
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
      registers,
      collect() {
        this.set(source.tokenAnswers() ? 1 : 0);
      },
    });
    new Gauge({
      name: "sekisho_delegate_life_seconds",
      help: "Time until the OCSP delegate certificate expires; 0 without one",
      labelNames: ["issuer"],
      registers,
      collect() {
        this.reset();
        for (const [issuer, life] of source.delegateLife()) this.set({ issuer }, life);
      },
    });
  }

  answered(method: "GET" | "POST", outcome: Outcome | "cached"): void {
    this.answers.inc({ method, outcome });
  }

  batchSigned(signatures: number): void {
    this.batches.observe(signatures);
  }
}

/** Serves /metrics, /livez and /readyz (DESIGN 6) on an address of its own. Throws PORT_TAKEN. */
export function startMetricsServer(
  metrics: Metrics,
  { host, port }: { readonly host: string; readonly port: number },
  isReady: () => boolean,
): Promise<Server> {
  const server = createServer((request, response) => {
    const reply = (status: number, text: string, type = "text/plain; charset=utf-8"): void => {
      response.writeHead(status, { "content-type": type }).end(text);
    };
    if (request.url === "/livez") reply(200, "ok\n");
    else if (request.url === "/readyz")
      isReady() ? reply(200, "ready\n") : reply(503, "no OCSP delegate is in force yet\n");
    else if (request.url === "/metrics")
      metrics.registry.metrics().then(
        (text) => reply(200, text, metrics.registry.contentType),
        () => reply(500, "metrics failed\n"),
      );
    else reply(404, "no such resource\n");
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      reject(taken ? new SekishoError("PORT_TAKEN", `${host}:${port} is in use`, { cause: error }) : error);
    });
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}
