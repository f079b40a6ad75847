import { type ChildProcess, fork } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { SekishoError } from "../core/errors.js";
import type { AcceptedConfig } from "./accepted-config.js";
import { DRAIN_MS, type Notice, noticeSchema, type Order, type PortName, type Report } from "./ipc.js";
import type { SharedSockets } from "./shared-socket.js";

const PROCESS = fileURLToPath(new URL("./process.js", import.meta.url));
/** A process that hangs in its token does not answer; a scrape must not hang with it. */
const REPORT_DEADLINE_MS = 2_000;
/** A process that starts while the token hangs would wait in it for ever. */
const START_DEADLINE_MS = 30_000;
/** Closing pool and store takes less; a thread that is stuck inside the token never ends by itself. */
const KILL_AFTER_MS = DRAIN_MS + 2_000;

/** The supervisor's end of one responder process. */
export class ResponderChild {
  /** Rejects with what kept the process from starting. */
  readonly ready: Promise<void>;
  /** Resolves with signal or exit code. */
  readonly ended: Promise<string | number | null>;
  state: "starting" | "serving" | "draining" | "ended" = "starting";
  /** Called each time the process says that calls to its token do not return. */
  onHung: () => void = () => {};
  /** The last one it gave. */
  lastReport: Report | undefined;
  private readonly child: ChildProcess;
  private failure: SekishoError | undefined;
  private askers: ((report: Report | undefined) => void)[] = [];

  /** Starts a process on the shared sockets. */
  constructor(source: AcceptedConfig, { http, https }: SharedSockets) {
    const inherited = [http.fd, https?.fd].filter((fd) => fd !== undefined);
    this.child = fork(PROCESS, {
      // LISTEN_FD says where the sockets come to lie.
      stdio: ["ignore", "inherit", "inherit", "ipc", ...inherited],
      // JSON has no NaN, which prom-client's summaries hold.
      serialization: "advanced",
    });
    this.ended = new Promise((resolve) => {
      this.child.once("exit", (code, signal) => {
        this.state = "ended";
        this.answerAskers(undefined);
        resolve(signal ?? code);
      });
    });
    const isReady = new Promise<void>((resolve) => {
      this.child.on("message", (message) => this.heed(noticeSchema.parse(message), resolve));
    });
    this.ready = Promise.race([isReady, this.ended.then((how) => this.failedStart(how))]);
    const late = setTimeout(() => this.kill(), START_DEADLINE_MS);
    this.ready.catch(() => {}).finally(() => clearTimeout(late));
    this.child.on("error", () => {});
    const ports = { http: http.port, https: https?.port };
    this.send({ kind: "start", source, ports, inherits: inherited.length > 0 });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  enrol(): void {
    this.send({ kind: "enrol" });
  }

  /** Hands over an accepted connection of which no byte has been read. */
  give(socket: Socket, port: PortName): void {
    this.child.send({ kind: "connection", port } satisfies Order, socket, (error) => {
      if (error !== null) socket.destroy();
    });
  }

  /** What the process says of itself; undefined if it does not serve or does not answer in time. */
  report(): Promise<Report | undefined> {
    if (this.state !== "serving") return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.askers.push(resolve);
      setTimeout(resolve, REPORT_DEADLINE_MS, undefined).unref();
      this.send({ kind: "report" });
    });
  }

  /** Tells it to end; idle connections are kept for `idleMs`. Kills it if it does not. */
  drain(idleMs: number): void {
    if (this.state === "draining" || this.state === "ended") return;
    this.state = "draining";
    this.send({ kind: "drain", idleMs });
    const timer = setTimeout(() => this.kill(), KILL_AFTER_MS);
    void this.ended.then(() => clearTimeout(timer));
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }

  private heed(notice: Notice, ready: () => void): void {
    if (notice.kind === "failed") this.failure = new SekishoError(notice.code, notice.message);
    else if (notice.kind === "report") {
      this.lastReport = notice.report;
      this.answerAskers(notice.report);
    } else if (notice.kind === "hung") this.onHung();
    else {
      if (this.state === "starting") this.state = "serving";
      ready();
    }
  }

  private answerAskers(report: Report | undefined): void {
    for (const answer of this.askers) answer(report);
    this.askers = [];
  }

  private failedStart(how: string | number | null): never {
    throw (
      this.failure ??
      new SekishoError("INTERNAL", `a responder process ended (${how}) before it was ready; see the log`)
    );
  }

  private send(order: Order): void {
    // A process that is gone says so by its end.
    if (this.child.connected) this.child.send(order, () => {});
  }
}
