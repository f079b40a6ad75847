import { AggregatorRegistry, Counter, Gauge, type PrometheusContentType, Registry } from "prom-client";
import type { Config } from "../core/config.js";
import { registerCrlGauges } from "./crl-metrics.js";
import type { Report } from "./ipc.js";

type MetricsJson = Report["metrics"];

/** Types whose values only grow: what an ended process counted stays counted. */
const GROWING = new Set<unknown>(["counter", "histogram"]);

/** Metrics of all responder processes as one, and of how many there are. */
export class FleetMetrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  private readonly registry = new Registry();
  private readonly restarts: Counter;
  private ended: MetricsJson = [];

  constructor(counts: { wanted(): number; alive(): number }, config: () => Config) {
    const registers = [this.registry];
    registerCrlGauges(this.registry, config);
    new Gauge({
      name: "sekisho_responder_processes_wanted",
      help: "Responder processes that shall serve",
      registers,
      collect() {
        this.set(counts.wanted());
      },
    });
    new Gauge({
      name: "sekisho_responder_processes_alive",
      help: "Responder processes that serve; those that drain are not counted",
      registers,
      collect() {
        this.set(counts.alive());
      },
    });
    this.restarts = new Counter({
      name: "sekisho_responder_restarts_total",
      help: "Responder processes started because another one ended unasked",
      registers,
    });
  }

  restarted(): void {
    this.restarts.inc();
  }

  /** Keeps the counts of a process that has ended, so that no sum goes down. */
  async keep({ metrics }: Report): Promise<void> {
    const growing = metrics.filter(({ type }) => GROWING.has(type));
    this.ended = await aggregate([this.ended, growing]).getMetricsAsJSON();
  }

  /** Text for /metrics. */
  async text(reports: readonly Report[]): Promise<string> {
    const own = await this.registry.getMetricsAsJSON();
    return aggregate([own, this.ended, ...reports.map(({ metrics }) => metrics)]).metrics();
  }
}

const aggregate = (metrics: readonly object[]): Registry<PrometheusContentType> =>
  AggregatorRegistry.aggregate([...metrics]);
