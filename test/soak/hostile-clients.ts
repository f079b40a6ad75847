import { percentiles } from "../../bench/load/histogram.js";
import { describeLoad, type LoadReport, runLoad } from "../../bench/load/run-generator.js";
import { Demo } from "./demo.js";
import { anonymousMiB, restedMiB } from "./memory.js";
import { junkQuestions, usualQuestions } from "./questions.js";
import { SlowClients } from "./slow-clients.js";

export interface HostileClientsOptions {
  /** Idle, slow and half-open connections. */
  readonly slow: number;
  /** Junk requests a second. */
  readonly junk: number;
  /** Seconds of each phase. */
  readonly seconds: number;
  /** Pairs of phases, quiet and hostile in turn. */
  readonly pairs: number;
  readonly processes: number;
}

/** Many: with few, each of which waits for its answer, the rate that is sent would hang on the latency that is measured. */
const CONNECTIONS = 256;
const JUNK_CONNECTIONS = 64;
const TOP_SECONDS = 5;
const MOST_ADDED_MS = 10;
const MOST_GROWTH_MIB = 32;

/**
 * Legitimate clients at half of the top rate, with and without clients that hold connections and send junk: their p99
 * grows by at most 10 ms, none of them fails, and memory is back where it was.
 */
export async function hostileClients(options: HostileClientsOptions): Promise<void> {
  const demo = await Demo.start({
    create: ["--key", "p256"],
    responder: ["--processes", String(options.processes)],
  });
  const issuer = demo.certificate("issuer");
  const questions = usualQuestions(issuer, demo.certificate("good").serialNumber);
  const plan = { host: "127.0.0.1", port: demo.port, connections: CONNECTIONS, questions };
  const top = await runLoad({ ...plan, seconds: TOP_SECONDS });
  console.log(`top rate: ${describeLoad(top)}`);
  const legitimate = { ...plan, rate: Math.floor(top.rate / 2), seconds: options.seconds };
  const quiet: LoadReport[] = [];
  const hostile: LoadReport[] = [];
  const memory = (): number => anonymousMiB(demo.responderService.pid);
  let before = 0;
  for (let pair = 0; pair < options.pairs; pair++) {
    quiet.push(await runLoad(legitimate));
    console.log(`quiet:   ${describeLoad(quiet.at(-1) as LoadReport)}`);
    if (pair === 0) before = memory();
    const slow = new SlowClients(demo.port, options.slow);
    const junk = runLoad({
      ...plan,
      connections: JUNK_CONNECTIONS,
      from: "127.0.0.10",
      rate: options.junk,
      seconds: options.seconds,
      questions: junkQuestions(issuer),
    });
    hostile.push(await runLoad(legitimate));
    console.log(`hostile: ${describeLoad(hostile.at(-1) as LoadReport)}`);
    const { rate } = await junk;
    console.log(
      `  junk answered ${rate.toFixed(0)}/s, slow clients thrown out ${slow.thrownOut}, RssAnon ${memory().toFixed(0)} MiB`,
    );
    slow.stop();
  }
  const after = await restedMiB(demo.responderService.pid);
  console.log(
    `RssAnon of the responder's processes: ${before.toFixed(0)} MiB before, ${after.toFixed(0)} MiB after`,
  );
  await demo.end();
  judge(quiet, hostile, after - before);
}

function judge(quiet: readonly LoadReport[], hostile: readonly LoadReport[], grownMiB: number): void {
  const p99 = (reports: readonly LoadReport[]): number =>
    median(reports.map(({ latency }) => percentiles(latency).p99));
  const added = p99(hostile) - p99(quiet);
  console.log(`median p99: quiet ${p99(quiet).toFixed(2)} ms, hostile ${p99(hostile).toFixed(2)} ms`);
  const wrong: string[] = [...quiet, ...hostile].flatMap(({ failures }) => Object.keys(failures));
  if (added > MOST_ADDED_MS) wrong.push(`p99 grew by ${added.toFixed(2)} ms`);
  if (grownMiB > MOST_GROWTH_MIB) wrong.push(`memory grew by ${grownMiB.toFixed(0)} MiB`);
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
