import { percentiles } from "../../bench/load/histogram.js";
import { describeLoad, runLoad } from "../../bench/load/run-generator.js";
import { Random } from "../fault/schedules/random.js";
import { Askers } from "../support/askers.js";
import { hostileHttp, outcomeOf } from "../support/hostile-http.js";
import { HostileRequests } from "../support/hostile-requests.js";
import { Demo } from "./demo.js";
import { restedMiB } from "./memory.js";
import { usualQuestions } from "./questions.js";

export interface MalformedOptions {
  readonly requests: number;
  readonly seed: number;
}

/** Many, so that the rate does not hang on how long each of a few waits. */
const CONNECTIONS = 256;
const SENDERS = 16;
const TOP_SECONDS = 5;
/** No answer may come later. */
const LATEST_MS = 1_000;
const MOST_GROWTH_MIB = 32;
const PROGRESS_MS = 20_000;
const WARM_UP = 100_000;
/** A stretch of the run beside which legitimate clients are measured. */
const STRETCH_SECONDS = 10;

/**
 * Generated requests, in order and broken: every answer is one that the table names, none late, memory back where it
 * was; legitimate clients at half of the top rate are served meanwhile.
 */
export async function malformed({ requests, seed }: MalformedOptions): Promise<void> {
  const demo = await Demo.start({ create: ["--key", "p256"], responder: ["--processes", "2"] });
  const issuer = demo.certificate("issuer");
  const { serialNumber } = demo.certificate("good");
  const plan = {
    host: "127.0.0.1",
    port: demo.port,
    connections: CONNECTIONS,
    questions: usualQuestions(issuer, serialNumber),
  };
  const top = await runLoad({ ...plan, seconds: TOP_SECONDS });
  console.log(`seed ${seed}; top rate of legitimate clients: ${describeLoad(top)}`);
  const source = new HostileRequests(issuer, serialNumber, new Random(seed));
  // The heaps grow once to what such traffic needs; a leak would go on.
  await new Run(demo.port, source, WARM_UP).start();
  const before = await restedMiB(demo.responderService.pid);
  const run = new Run(demo.port, source, requests);
  const done = run.start();
  const half = await runLoad({ ...plan, rate: Math.floor(top.rate / 2), seconds: STRETCH_SECONDS });
  console.log(`legitimate clients at half of it meanwhile: ${describeLoad(half)}`);
  await done;
  const after = await restedMiB(demo.responderService.pid);
  console.log(run.summary());
  console.log(
    `RssAnon of the responder's processes: ${before.toFixed(0)} MiB before, ${after.toFixed(0)} MiB after`,
  );
  await demo.end();
  const wrong = [...run.wrong, ...Object.keys(half.failures)];
  if (run.latestMs > LATEST_MS) wrong.push(`an answer after ${run.latestMs.toFixed(0)} ms`);
  if (after - before > MOST_GROWTH_MIB) wrong.push(`memory grew by ${(after - before).toFixed(0)} MiB`);
  if (percentiles(half.latency).p50 > LATEST_MS) wrong.push("legitimate clients were not served");
  if (wrong.length > 0) throw new Error(wrong.slice(0, 10).join("\n"));
}

class Run {
  readonly wrong: string[] = [];
  latestMs = 0;
  private sent = 0;
  private readonly outcomes = new Map<string, number>();
  private readonly begun = performance.now();

  constructor(
    private readonly port: number,
    private readonly source: HostileRequests,
    private readonly wanted: number,
  ) {}

  async start(): Promise<void> {
    const askers = new Askers(this.port, SENDERS);
    const progress = setInterval(() => console.log(this.summary()), PROGRESS_MS);
    await Promise.all(Array.from({ length: SENDERS }, () => this.send(askers)));
    clearInterval(progress);
    askers.close();
  }

  summary(): string {
    const seconds = (performance.now() - this.begun) / 1000;
    const counts = [...this.outcomes].sort().map(([outcome, count]) => `${outcome}: ${count}`);
    return `[${seconds.toFixed(0).padStart(5)} s] ${this.sent} hostile requests, ${this.wrong.length} wrong, latest answer ${this.latestMs.toFixed(0)} ms; by status ${counts.join(", ")}`;
  }

  private async send(askers: Askers): Promise<void> {
    while (this.sent < this.wanted) {
      this.sent++;
      const { bytes, rule, allowed } = hostileHttp(this.source);
      const asked = performance.now();
      const outcome = await askers.ask(bytes).then(outcomeOf, (error: Error) => error.message);
      this.latestMs = Math.max(this.latestMs, performance.now() - asked);
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
      if (!allowed.includes(outcome))
        this.wrong.push(`${rule}: ${outcome}, allowed ${allowed.join(", ")}: ${bytes.toString("hex")}`);
    }
  }
}
