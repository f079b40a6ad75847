import { closeSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { compileShared } from "./compile-c.js";

/** Layout of struct control in test/fault/pkcs11/faulty.c. */
const RULES = 24;
const RULE_OCTETS = 64;
const HEADER_OCTETS = 64;
const FUNCTION_OCTETS = 32;
const AT = { action: 32, value: 36, times: 40, calls: 44, waiting: 48 } as const;
const ACTION = { none: 0, hang: 1, delay: 2, fail: 3 } as const;
const FOREVER = -1;
const POLL_MS = 2;

/**
 * A PKCS#11 module between a process and its token that hangs, slows, fails or loses the token on command. Functions
 * are named as in PKCS#11 (`C_Sign`); `"*"` is every function that has no rule of its own. Rules hold for every
 * process and thread that has loaded `module` with `env`.
 */
export class FaultyToken {
  /** Path to give as `pkcs11.module`. */
  readonly module: string;
  /** Must be in the environment of the process before it loads the module. */
  readonly env: { readonly SEKISHO_FAULTY_MODULE: string; readonly SEKISHO_FAULTY_CONTROL: string };
  private readonly control: number;
  private readonly rules: string[] = [];
  private removals = 0;

  /** Compiles the module into `dir`, in front of `realModule`. */
  constructor(dir: string, realModule: string) {
    this.module = compileShared("pkcs11", dir, ["node_modules/pkcs11js/includes/pkcs11"]);
    const file = join(dir, "faulty.control");
    this.env = { SEKISHO_FAULTY_MODULE: realModule, SEKISHO_FAULTY_CONTROL: file };
    this.control = openSync(file, "w+");
    ftruncateSync(this.control, HEADER_OCTETS + RULES * RULE_OCTETS);
  }

  /** Calls wait until another rule or `heal` releases them. */
  hang(functionName: string, times = FOREVER): void {
    this.rule(functionName, ACTION.hang, 0, times);
  }

  /** Calls take so much longer. */
  delay(functionName: string, milliseconds: number, times = FOREVER): void {
    this.rule(functionName, ACTION.delay, milliseconds, times);
  }

  /** Calls return a CKR_ value and do nothing. */
  fail(functionName: string, returnValue: number, times = FOREVER): void {
    this.rule(functionName, ACTION.fail, returnValue, times);
  }

  /** The function works again; calls that hang go on. */
  heal(functionName: string): void {
    this.rule(functionName, ACTION.none, 0, 0);
  }

  /** Pulls the token: its slot is empty, sessions and login are lost also when it is back. */
  vanish(): void {
    this.removals++;
    this.write(4, this.removals);
    this.write(0, 1);
  }

  comeBack(): void {
    this.write(0, 0);
  }

  /** Whether the token has only mechanisms that hash the message themselves. Read when it is opened. */
  hashesItself(value: boolean): void {
    this.write(8, value ? 1 : 0);
  }

  /** Calls of a function since it was first named to this object. */
  calls(functionName: string): number {
    return this.read(this.offset(functionName) + AT.calls);
  }

  /** Calls of a function that hang now. */
  waiting(functionName: string): number {
    return this.read(this.offset(functionName) + AT.waiting);
  }

  /** Resolves once at least so many calls of the function hang. */
  async hanging(functionName: string, count = 1): Promise<void> {
    while (this.waiting(functionName) < count) await wait(POLL_MS);
  }

  close(): void {
    for (const name of this.rules) this.heal(name);
    closeSync(this.control);
  }

  private rule(functionName: string, action: number, value: number, times: number): void {
    const offset = this.offset(functionName);
    // The action goes last: the module reads it first.
    this.write(offset + AT.value, value);
    this.write(offset + AT.times, times);
    this.write(offset + AT.action, action);
  }

  /** Where the function's rule stands; the first free place if it has none yet. */
  private offset(functionName: string): number {
    const known = this.rules.indexOf(functionName);
    const index = known < 0 ? this.rules.push(functionName) - 1 : known;
    if (index >= RULES) throw new RangeError(`more than ${RULES} rules`);
    const offset = HEADER_OCTETS + index * RULE_OCTETS;
    if (known < 0) writeSync(this.control, functionName.padEnd(FUNCTION_OCTETS, "\0"), offset, "latin1");
    return offset;
  }

  private write(offset: number, value: number): void {
    writeSync(this.control, Int32Array.of(value), 0, 4, offset);
  }

  private read(offset: number): number {
    const value = new Uint32Array(1);
    readSync(this.control, value, 0, 4, offset);
    return value[0] as number;
  }
}
