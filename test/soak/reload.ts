import { setTimeout as wait } from "node:timers/promises";
import { describeLoad, runLoad } from "../../bench/load/run-generator.js";
import { Demo } from "./demo.js";
import { below } from "./memory.js";
import { usualQuestions } from "./questions.js";

export interface ReloadOptions {
  /** Requests a second on kept-alive connections. */
  readonly rate: number;
  readonly reloads: number;
  readonly processes: number;
}

const CONNECTIONS = 32;
/** A reload replaces one process after the other, which takes a second or two each. */
const SECONDS_A_RELOAD = 6;

/** SIGHUP again and again under load: every process is replaced and no request fails. */
export async function reload({ rate, reloads, processes }: ReloadOptions): Promise<void> {
  const demo = await Demo.start({
    create: ["--key", "p256"],
    responder: ["--processes", String(processes)],
  });
  const load = runLoad({
    host: "127.0.0.1",
    port: demo.port,
    connections: CONNECTIONS,
    rate,
    seconds: (reloads + 1) * SECONDS_A_RELOAD,
    questions: usualQuestions(demo.certificate("issuer"), demo.certificate("good").serialNumber),
  });
  const { pid } = demo.responderService;
  const served = new Set(below(pid));
  for (let i = 0; i < reloads; i++) {
    await wait(SECONDS_A_RELOAD * 1000);
    process.kill(pid, "SIGHUP");
  }
  const report = await load;
  console.log(`${reloads} reloads of ${processes} processes: ${describeLoad(report)}`);
  const wrong = Object.keys(report.failures);
  if (below(pid).some((process) => served.has(process))) wrong.push("a process was not replaced");
  await demo.end();
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}
