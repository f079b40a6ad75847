import { errorLine } from "../core/errors.js";
import type { Log } from "../core/log.js";
import type { AcceptedConfig } from "./accepted-config.js";
import type { ResponderChild } from "./child.js";
import { DRAIN_MS } from "./ipc.js";

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
/** A process that lived this long did not die of its start. */
const STEADY_MS = 60_000;

/** What a place needs from the supervisor. */
export interface PlaceOwner {
  readonly log: Log;
  launch(source: AcceptedConfig): ResponderChild;
  restarted(): void;
}

/**
 * One of the places for a responder process. A process that ends unasked is followed by another, after a delay that
 * doubles as long as they do not live.
 */
export class Place {
  private child: ResponderChild | undefined;
  private takenAt = 0;
  private delayMs = FIRST_DELAY_MS;
  private restart: NodeJS.Timeout | undefined;
  private closed = false;
  private relieving = false;

  constructor(
    private readonly owner: PlaceOwner,
    private source: AcceptedConfig,
  ) {}

  /** Starts a process. Throws what keeps it from starting. */
  async open(): Promise<void> {
    const child = this.owner.launch(this.source);
    await child.ready;
    // Meanwhile a reload may have taken the place.
    if (this.child === undefined && !this.closed) this.take(child);
    else child.drain(DRAIN_MS);
  }

  /** Starts a process, now or later: what keeps it from starting is logged. */
  async keepOpen(): Promise<void> {
    try {
      await this.open();
    } catch (err) {
      this.owner.log.error({ err }, errorLine(err));
      if (this.child === undefined) this.restartLater();
    }
  }

  /** Puts a process with another configuration in the place; the old one then drains. Throws and changes nothing if it does not start. */
  async replace(source: AcceptedConfig): Promise<void> {
    const successor = this.owner.launch(source);
    await successor.ready;
    const old = this.child;
    this.source = source;
    this.take(successor);
    old?.drain(DRAIN_MS);
  }

  /**
   * Puts a successor in the place of a process whose calls to the token do not return. Until it serves, the old one goes
   * on with what it has kept; then it drains, and is killed, because a thread inside such a call never ends.
   */
  private async relieve(hung: ResponderChild): Promise<void> {
    if (this.relieving || this.closed || this.child !== hung) return;
    this.relieving = true;
    this.owner.log.error(
      { hung: hung.pid },
      "a responder process hangs in its token; starting its successor",
    );
    try {
      await this.replace(this.source);
    } catch (err) {
      this.owner.log.error({ err }, errorLine(err));
    }
    this.relieving = false;
  }

  /** Ends the place and its process, whose idle connections are kept for `idleMs`. */
  close(idleMs: number): void {
    this.closed = true;
    clearTimeout(this.restart);
    this.child?.drain(idleMs);
  }

  private take(child: ResponderChild): void {
    clearTimeout(this.restart);
    this.child = child;
    child.onHung = () => void this.relieve(child);
    this.takenAt = performance.now();
    void child.ended.then((how) => {
      if (this.child !== child) return;
      this.child = undefined;
      if (this.closed) return;
      if (performance.now() - this.takenAt >= STEADY_MS) this.delayMs = FIRST_DELAY_MS;
      this.owner.log.error({ ended: child.pid, how }, "a responder process ended");
      this.restartLater();
    });
  }

  private restartLater(): void {
    if (this.closed) return;
    this.owner.log.warn({ inMs: this.delayMs }, "a responder process will be started in its place");
    this.restart = setTimeout(() => {
      this.owner.restarted();
      void this.keepOpen();
    }, this.delayMs);
    this.delayMs = Math.min(this.delayMs * 2, LONGEST_DELAY_MS);
  }
}
