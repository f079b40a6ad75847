import { readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { systemClock } from "../../../src/core/clock.js";
import { ClockGuard } from "../../../src/core/clock-guard.js";
import { loadConfig } from "../../../src/core/config.js";
import { toSekishoError } from "../../../src/core/errors.js";
import { type IssuerCore, openIssuerCore } from "../../../src/issuer/core.js";
import { createCa } from "../../../src/issuer/create-ca.js";
import { LocalCrlWork } from "../../../src/issuer/crl-work.js";
import { silent } from "../../support/installation.js";
import { Acts, acknowledgedRow, type Outcome } from "./acts.js";
import type { Act, Line, Task } from "./protocol.js";
import { Random } from "./random.js";

/**
 * The issuer's core in a process of its own that is meant to die: for each task on stdin it opens the installation DIR,
 * does the task's acts, says on stdout what it begins and what it acknowledges, and closes. Usage: issuer-process DIR
 */

const [, , dir = "."] = process.argv;
const config = loadConfig(join(dir, "sekisho.toml"));
const request = readFileSync(join(dir, "request.pem"), "utf8");
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** A line that was written has left the process, however it dies. */
function say(line: Line): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
  const task: Task = JSON.parse(line.value);
  try {
    const failure = await perform(task);
    say(failure === undefined ? { say: "end" } : { say: "end", failure });
    if (failure !== undefined) end();
  } catch (error) {
    say({ say: "end", failure: toSekishoError(error).message });
    end();
  }
}

/** As the service does it: after a failed commit lmdb may hold an orderly exit for ever. */
function end(): void {
  process.kill(process.pid, "SIGKILL");
}

/** Runs one schedule; returns why it ended early. */
async function perform(task: Task): Promise<string | undefined> {
  const ahead = { nowMs: () => systemClock.nowMs() + task.ahead * 1_000 };
  const core: IssuerCore = await openIssuerCore(
    config,
    new ClockGuard(ahead, ahead),
    silent,
    (crl) => new LocalCrlWork(crl, core.clock),
  );
  say({ say: "opened" });
  await lines.next();
  let failure: string | undefined;
  core.failed.then(({ message }) => {
    failure = message;
  });
  let id = 0;
  if (!core.authorities.has("root"))
    await attempt(core, id++, "create", [], async () => {
      const { certificate } = await createCa(core, core.keyStore("ca"), "root");
      return { rows: [acknowledgedRow(core, certificate)] };
    });
  if (!core.authorities.has("root")) return failure ?? "no CA";
  const acts = new Acts(core, request, new Random(task.seed), [...task.serials]);
  for (const step of task.steps) {
    const prepared = step.map((act) => ({ act, ...acts.prepare(act) }));
    await Promise.all(prepared.map(({ act, serials, run }) => attempt(core, id++, act, serials, run)));
    if (failure !== undefined) return failure;
  }
  await core.close();
  return failure;
}

/** An act between two audit records, as `auditedHandler` does it; it is acknowledged after the second. */
async function attempt(
  { audit }: IssuerCore,
  id: number,
  act: Act | "create",
  serials: readonly string[],
  run: () => Promise<Outcome>,
): Promise<void> {
  say({ say: "try", id, act, serials });
  try {
    await audit.append("control.request", { op: act });
    const outcome = await run();
    await audit.append("control.outcome", { op: act });
    say({ say: "done", id, ...outcome });
  } catch (error) {
    const { code, message } = toSekishoError(error);
    say({ say: "refused", id, code, message });
  }
}
