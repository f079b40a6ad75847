import { closeSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { compileShared } from "./compile-c.js";

/** enum mode of test/fault/shim/shim.h. */
export const FAULTS = [
  "off",
  "kill-before",
  "kill-after",
  "power-cut",
  "torn-power-cut",
  "fail",
  "fail-done",
] as const;
export type FaultKind = (typeof FAULTS)[number];

/** What happens at the `at`-th counted call from now on (1 is the next one). */
export interface Fault {
  readonly kind: FaultKind;
  readonly at: number;
  /** errno of `fail` and `fail-done`. */
  readonly errno?: number;
  /** Decides what a torn power cut leaves. */
  readonly seed?: number;
}

export const EIO = 5;
export const ENOSPC = 28;

/** Offsets in struct control of test/fault/shim/fault.c. */
const AT = { mode: 0, countdown: 4, errno: 8, seed: 12, calls: 16, fired: 20, epoch: 24 } as const;
const OCTETS = 28;

/**
 * Write faults of a process that runs with `env`: a preloaded library counts write, fsync, link, rename, ftruncate and
 * creating open on files below `root` and makes one of them fail, kill the process or cut the power.
 */
export class WriteFaults {
  readonly env: Readonly<Record<string, string>>;
  private readonly control: number;
  private epoch = 0;

  /** Compiles the library into `dir`; `root` is an absolute path without links. */
  constructor(dir: string, root: string) {
    const file = join(dir, "shim.control");
    this.control = openSync(file, "w+");
    ftruncateSync(this.control, OCTETS);
    this.env = {
      LD_PRELOAD: compileShared("shim", dir),
      SEKISHO_SHIM_ROOT: root,
      SEKISHO_SHIM_CONTROL: file,
    };
  }

  /** Somebody else wrote below the directory: whatever the process wrote before counts as synced now. */
  forget(): void {
    this.epoch++;
    this.put("epoch", this.epoch);
  }

  /** Sets the next fault. */
  arm({ kind, at, errno = EIO, seed = 1 }: Fault): void {
    this.put("mode", 0);
    this.put("errno", errno);
    this.put("seed", seed);
    this.put("fired", 0);
    this.put("countdown", at);
    this.put("mode", FAULTS.indexOf(kind));
  }

  /** No fault from now on. */
  disarm(): void {
    this.put("mode", 0);
  }

  /** Counted calls since the beginning. */
  get calls(): number {
    return this.get("calls");
  }

  /** True if the fault has happened. */
  get fired(): boolean {
    return this.get("fired") > 0;
  }

  close(): void {
    closeSync(this.control);
  }

  private put(field: keyof typeof AT, value: number): void {
    writeSync(this.control, Int32Array.of(value), 0, 4, AT[field]);
  }

  private get(field: keyof typeof AT): number {
    const value = new Uint32Array(1);
    readSync(this.control, value, 0, 4, AT[field]);
    return value[0] as number;
  }
}
