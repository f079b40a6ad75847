import { Worker } from "node:worker_threads";
import { within } from "../core/within.js";
import type { TokenCall, TokenReply, TokenThreadData } from "./token-messages.js";

const WORKER = new URL("./token-worker.js", import.meta.url);

/**
 * One worker thread with a session of its own. Takes one call at a time: whoever gives it one waits for its reply, or,
 * when that is late, for `returned`. Nothing ends a thread inside a native call but the call's return.
 */
export class CallThread {
  /** Resolves when the thread has ended. */
  readonly ended: Promise<void>;
  /** Resolves with what the last call came back with, or when the thread ended over it. */
  returned: Promise<TokenReply>;
  /** True while a call is out that has not returned in its time. */
  late = false;
  private out = false;
  private ending = false;
  private readonly worker: Worker;
  /** What every call comes back with once the thread has ended. */
  private last: TokenReply | undefined;
  private settle: ((reply: TokenReply) => void) | undefined;

  constructor(data: TokenThreadData) {
    this.worker = new Worker(WORKER, { workerData: data });
    this.returned = this.nextReply();
    this.worker.on("message", (reply: TokenReply) => this.reply(reply));
    let reason = "its thread ended";
    this.worker.on("error", (error) => {
      reason = error.message;
    });
    this.ended = new Promise((resolve) => {
      this.worker.once("exit", () => {
        const message = `token ${data.token}: ${reason}`;
        this.last = { failure: { code: "TOKEN_FAILED", message, pinRefused: false } };
        this.reply(this.last);
        resolve();
      });
    });
  }

  /** Makes a call when the thread has come up. Resolves with undefined if it has not returned within the time. */
  async call(call: TokenCall, deadlineMs: number): Promise<TokenReply | undefined> {
    this.worker.ref();
    await this.returned;
    if (this.ending) await this.ended;
    if (this.last !== undefined) return this.last;
    this.returned = this.nextReply();
    this.out = true;
    this.worker.postMessage(call);
    const reply = await within(this.returned, deadlineMs);
    this.late = reply === undefined;
    // A call that is late keeps nobody from ending the process.
    this.worker.unref();
    return reply;
  }

  /** Ends the thread, after the call that is out. Resolves when an idle one has ended, others are late from now on. */
  async end(deadlineMs: number): Promise<void> {
    this.ending = true;
    this.worker.postMessage({ do: "end" } satisfies TokenCall);
    this.late =
      this.out ||
      (await within(
        this.ended.then(() => true),
        deadlineMs,
      )) === undefined;
  }

  private nextReply(): Promise<TokenReply> {
    return new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  private reply(reply: TokenReply): void {
    this.out = false;
    this.late = false;
    this.settle?.(reply);
  }
}
