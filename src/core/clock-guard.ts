import { uptime } from "node:os";
import { loadBindings } from "../../native-bindings/binding.js";
import type { Clock } from "./clock.js";

/** Wall clock and time since boot may drift apart this far between two looks (NTP slews 0.5 ms a second). */
const MAX_STEP_MS = 2_000;
/** So long they must agree again before the wall clock is believed. */
const AGREEMENT_MS = 60_000;

/** Milliseconds since boot, suspend included: what the wall clock is held against. */
export function bootClock(): Clock {
  const { bindings } = loadBindings();
  return { nowMs: () => bindings?.bootMilliseconds() ?? uptime() * 1_000 };
}

/**
 * Guards signing against a wall clock that jumps (invariant 11). `observe` is called every second and before signing;
 * it compares the wall clock's progress with the time since boot. After a jump, or while the clock stands before the
 * latest time that was signed, `fault` says why nothing may be signed; 60 s of agreement heal it.
 *
 * As a Clock it never runs backwards behind the latest signed time.
 */
export class ClockGuard implements Clock {
  private lastWall: number;
  private lastBoot: number;
  /** Boot time of the last disagreement; undefined while there is none to get over. */
  private disagreedAt: number | undefined;
  private latestSigned: number;
  private reason = "";

  /** `latestSignedMs` is the latest time that an earlier run stored; `signed` may say it later. */
  constructor(
    private readonly wall: Clock,
    private readonly boot: Clock,
    latestSignedMs = 0,
  ) {
    this.lastWall = wall.nowMs();
    this.lastBoot = boot.nowMs();
    this.latestSigned = latestSignedMs;
    this.observe();
  }

  nowMs(): number {
    return Math.max(this.wall.nowMs(), this.latestSigned);
  }

  /** Why nothing may be signed now; undefined when the clock is trusted. */
  get fault(): string | undefined {
    this.observe();
    return this.disagreedAt === undefined ? undefined : this.reason;
  }

  /** Remembers that something with this time was signed. */
  signed(ms: number): void {
    this.latestSigned = Math.max(this.latestSigned, ms);
  }

  observe(): void {
    const wall = this.wall.nowMs();
    const boot = this.boot.nowMs();
    const step = wall - this.lastWall - (boot - this.lastBoot);
    this.lastWall = wall;
    this.lastBoot = boot;
    if (Math.abs(step) > MAX_STEP_MS)
      this.disagree(boot, `the clock jumped by ${(step / 1000).toFixed(1)} s`);
    else if (wall < this.latestSigned - MAX_STEP_MS)
      this.disagree(
        boot,
        `the clock is before ${new Date(this.latestSigned).toISOString()}, a time signed already`,
      );
    else if (this.disagreedAt !== undefined && boot - this.disagreedAt >= AGREEMENT_MS)
      this.disagreedAt = undefined;
  }

  private disagree(boot: number, reason: string): void {
    this.disagreedAt = boot;
    this.reason = reason;
  }
}

/**
 * A look at the clock that tells `onChange` when trust in it is lost or comes back; meant to be taken once a second.
 * Resolves with why nothing may be signed, undefined when the clock is trusted.
 */
export function clockWatch(
  guard: ClockGuard,
  onChange: (fault: string | undefined) => Promise<void> | void,
): () => Promise<string | undefined> {
  let known: string | undefined;
  return async () => {
    const { fault } = guard;
    const changed = (fault === undefined) !== (known === undefined);
    known = fault;
    if (changed) await onChange(fault);
    return fault;
  };
}
