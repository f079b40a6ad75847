import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { GeneratorNotice, LoadPlan } from "./generator.js";
import type { LoadReport } from "./open-loop.js";

/** Runs a load plan in the generator's process. Rejects if it cannot connect or dies. */
export function runLoad(plan: LoadPlan): Promise<LoadReport> {
  const child = fork(fileURLToPath(new URL("./generator.js", import.meta.url)));
  return new Promise((resolve, reject) => {
    child.once("message", (notice: GeneratorNotice) => {
      if ("report" in notice) resolve(notice.report);
      else reject(new Error(`load generator: ${notice.error}`));
    });
    child.once("exit", (code) => reject(new Error(`the load generator ended with ${code}`)));
    child.send(plan);
  });
}

/** A report in one line. */
export function describeLoad({ rate, sent, failures, latency, lateness }: LoadReport): string {
  const failed = Object.entries(failures).map(([why, count]) => `${count} x ${why}`);
  const ms = (value: number): string => value.toFixed(2);
  return [
    `${Math.round(rate)}/s, ${sent} sent, ${failed.length === 0 ? "0 failed" : failed.join(", ")}`,
    `latency p50 ${ms(latency.p50)} p99 ${ms(latency.p99)} p99.9 ${ms(latency.p999)} max ${ms(latency.max)} ms`,
    `generator late p99 ${ms(lateness.p99)} ms`,
  ].join("; ");
}
