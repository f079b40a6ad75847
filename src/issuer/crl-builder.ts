import { type ChildProcess, fork } from "node:child_process";
import type { Socket } from "node:net";
import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import { systemClock } from "../core/clock.js";
import { type ErrorCode, SekishoError, toSekishoError } from "../core/errors.js";
import type { CrlTask, CrlWork, PreparedList, StagedList } from "./crl-task.js";
import { LocalCrlWork } from "./crl-work.js";

/**
 * CRLs are made in a child process, niced, with the store read-only and without a token, so that a list of millions
 * keeps no revocation waiting: it builds and checks, is given signatures, stages and reads back. It stays for the next
 * list for a while: to start it takes longer than a delta CRL does.
 */

type Order = { readonly task: CrlTask } | { readonly signatures: readonly string[] };

type Report =
  | { readonly prepared: PreparedList[] }
  | { readonly staged: StagedList[] }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } };

/** Twenty times what 10 million entries take: a builder that is not done by then hangs. */
const DEADLINE_MS = 10 * 60_000;
/** A builder that nobody needed for so long ends. */
const IDLE_MS = 60_000;
const NICENESS = 10;

const SELF = fileURLToPath(import.meta.url);

/** Starts children, and gives one that has done its task the next. */
export class CrlBuilders {
  private resting: BuilderProcess | undefined;

  /** Begins a task in a child of its own. */
  start(task: CrlTask): CrlWork {
    const { resting } = this;
    this.resting = undefined;
    const child = resting?.wake() === true ? resting : new BuilderProcess();
    let isDone = false;
    return {
      prepare: async () => (await child.ask({ task }, "prepared")).prepared,
      stage: async (signatures) => {
        const texts = signatures.map((signature) => Buffer.from(signature).toString("hex"));
        const { staged } = await child.ask({ signatures: texts }, "staged");
        isDone = true;
        return staged;
      },
      end: () => {
        if (isDone && this.resting === undefined) this.rest(child);
        else child.end();
      },
    };
  }

  private rest(child: BuilderProcess): void {
    this.resting = child;
    child.rest(IDLE_MS);
  }
}

class BuilderProcess {
  private readonly child: ChildProcess;
  private complaint = "";
  private timer: NodeJS.Timeout | undefined;
  private answer: (report: Report) => void = () => undefined;
  private refuse: (error: Error) => void = () => undefined;

  constructor() {
    this.child = fork(SELF, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    this.child.stderr?.on("data", (text: Buffer) => {
      this.complaint = (this.complaint + text.toString()).slice(-2_000);
    });
    this.child.on("message", (report) => this.answer(report as Report));
    this.child.on("error", (error) => this.refuse(error));
    this.child.once("close", (code, signal) => this.refuse(this.ended(signal ?? code)));
  }

  /**
   * Resolves with the report that has `field`. Throws what the child reports, CRL_GATE if it ends or is not done after
   * ten minutes.
   */
  async ask<Field extends string>(
    order: Order,
    field: Field,
  ): Promise<Extract<Report, Record<Field, unknown>>> {
    const deadline = setTimeout(() => this.child.kill("SIGKILL"), DEADLINE_MS);
    try {
      return await new Promise((resolve, reject) => {
        this.refuse = reject;
        this.answer = (report) => {
          if ("error" in report) reject(new SekishoError(report.error.code, report.error.message));
          else if (field in report) resolve(report as Extract<Report, Record<Field, unknown>>);
        };
        // A child that has ended says so by its close event.
        this.child.send(order, () => undefined);
      });
    } finally {
      clearTimeout(deadline);
    }
  }

  /** Waits for the next task, `ms` at most. It keeps this process from nothing. */
  rest(ms: number): void {
    this.refuse = () => undefined;
    this.timer = setTimeout(() => this.end(), ms).unref();
    for (const handle of this.handles()) handle?.unref();
  }

  /** False if it has ended meanwhile. */
  wake(): boolean {
    clearTimeout(this.timer);
    if (!this.child.connected) return false;
    for (const handle of this.handles()) handle?.ref();
    return true;
  }

  /** The child ends when nobody is connected to it. */
  end(): void {
    if (this.child.connected) this.child.disconnect();
  }

  /** What keeps this process from ending. */
  private handles() {
    return [this.child, this.child.channel, this.child.stderr as Socket | null];
  }

  private ended(how: NodeJS.Signals | number | null): SekishoError {
    const { complaint } = this;
    const said = complaint.split("\n").find((line) => /Error/.test(line)) ?? complaint;
    return new SekishoError("CRL_GATE", `the CRL builder ended with ${how}: ${said}`);
  }
}

/** The child's side. */
if (process.argv[1] === SELF && process.send !== undefined) {
  setPriority(NICENESS);
  const send = (report: Report): void => {
    process.send?.(report);
  };
  let work: CrlWork | undefined;
  process.on("message", async (order: Order) => {
    try {
      if ("task" in order) {
        work = new LocalCrlWork(order.task, systemClock);
        send({ prepared: await work.prepare() });
      } else if (work !== undefined) {
        send({ staged: await work.stage(order.signatures.map((text) => Buffer.from(text, "hex"))) });
      }
    } catch (error) {
      const { code, message } = toSekishoError(error);
      send({ error: { code, message } });
    }
  });
}
