import type { BenchContext } from "./context.js";
import { Server, unusedPort } from "./harness/processes.js";
import type { BenchResult, Control } from "./harness/result.js";
import { median } from "./harness/statistics.js";
import { autocannonRun } from "./load/autocannon.js";
import { compiled } from "./load/compile.js";
import { percentiles, quantile } from "./load/histogram.js";
import { assertRight } from "./load/rate.js";
import { type LoadReport, runLoad } from "./load/run-generator.js";

const CONNECTIONS = 32;
const ROUNDS = 3;
const BODY_OCTETS = 1_400;
const OPEN_RATE = 20_000;
/** A server that stands still for a tenth of every second: a tenth of all requests then waits, evenly up to this long. */
const STALL_MS = 100;
const STALL_RATE = 2_000;
const QUESTION = { request: Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") };

/** The load generator's own control: how fast it is, how late, and whether it sees a server that stands still. */
export async function generatorBench({
  rounds = ROUNDS,
  progress,
  atEnd,
}: BenchContext): Promise<BenchResult> {
  const start = async (stallMs: number): Promise<number> => {
    const port = await unusedPort();
    const program = compiled("load/null-server.c");
    const server = await Server.start([program, String(port), String(BODY_OCTETS), String(stallMs)], {
      port,
    });
    atEnd(() => server.stop());
    return port;
  };
  const quick = await start(0);
  const stalling = await start(STALL_MS);
  const load = async (
    what: string,
    port: number,
    rate: number | undefined,
    seconds: number,
  ): Promise<LoadReport> => {
    progress(what);
    const plan = { host: "127.0.0.1", port, connections: CONNECTIONS, seconds, questions: [QUESTION] };
    const report = await runLoad(rate === undefined ? plan : { ...plan, rate });
    assertRight(report);
    return report;
  };
  const runs: { top: LoadReport; open: LoadReport; stalled: LoadReport }[] = [];
  for (let round = 1; round <= rounds; round++)
    runs.push({
      top: await load(`round ${round}: closed loop`, quick, undefined, 2),
      open: await load(`round ${round}: open loop`, quick, OPEN_RATE, 2),
      stalled: await load(`round ${round}: a server that stands still`, stalling, STALL_RATE, 5),
    });
  progress("autocannon against the server that stands still");
  const familiar = await autocannonRun({ port: stalling, connections: CONNECTIONS, seconds: 5 });

  const of = (value: (run: (typeof runs)[number]) => number): number => median(runs.map(value));
  // Of the tenth of requests that wait, half waits longer than half the time.
  const p95 = of(({ stalled }) => quantile(stalled.latency, 0.95));
  const late = of(({ open }) => percentiles(open.lateness).p99);
  const controls: Control[] = [
    {
      what: `a server that stands still for ${STALL_MS} ms in every second shows in the percentiles`,
      passed: Math.abs(p95 - STALL_MS / 2) < STALL_MS / 5,
      detail: `p95 ${p95.toFixed(1)} ms where ${STALL_MS / 2} is right; autocannon says p97.5 ${familiar.latency.p97_5} ms where ${STALL_MS * 0.75} is right`,
    },
    {
      what: `sends on time at ${OPEN_RATE} a second`,
      passed: late < 1,
      detail: `p99 of its lateness ${late.toFixed(3)} ms`,
    },
  ];
  const figures = [
    { what: "closed loop, a server that costs nothing", value: of(({ top }) => top.rate), unit: "/s" },
    {
      what: "generator's processor time a request",
      value: of(({ top }) => (top.cpuSeconds / top.answered) * 1e6),
      unit: "us",
    },
    {
      what: "null server's latency in the open loop, p50",
      value: of(({ open }) => percentiles(open.latency).p50),
      unit: "ms",
    },
    {
      what: "null server's latency in the open loop, p99",
      value: of(({ open }) => percentiles(open.latency).p99),
      unit: "ms",
    },
  ];
  return { bench: "generator", comparisons: [], figures, controls };
}
