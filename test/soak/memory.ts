import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

/**
 * Anonymous memory (RssAnon) in MiB of the processes below `pid`, itself not counted. Mapped files, such as the
 * store, are no part of it.
 */
export function anonymousMiB(pid: number): number {
  return below(pid).reduce((sum, child) => sum + rssAnonKiB(child), 0) / 1024;
}

/** Idle connections are closed after 60 s at the latest; a collection by then has given memory back. */
const REST_MS = 65_000;

/** `anonymousMiB` once the processes have had a rest. */
export async function restedMiB(pid: number): Promise<number> {
  await wait(REST_MS);
  return anonymousMiB(pid);
}

/** Processes below `pid`, itself not counted. */
export function below(pid: number): number[] {
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && field(Number(name), "PPid") === pid)
    .map(Number);
  return children.flatMap((child) => [child, ...below(child)]);
}

const rssAnonKiB = (pid: number): number => field(pid, "RssAnon") ?? 0;

/** A number of /proc/PID/status; undefined for a process that is gone. */
function field(pid: number, name: string): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? Number.NaN);
  } catch {
    return undefined;
  }
}
