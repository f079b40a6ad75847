import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Config } from "../../../src/core/config.js";
import { makeRequest } from "../../support/certification-request.js";
import { layOut } from "../../support/installation.js";
import { EIO, ENOSPC, FAULTS, type Fault, type FaultKind, WriteFaults } from "../../support/write-faults.js";
import { recoverAndInspect } from "./inspect.js";
import { IssuerHandle } from "./issuer-handle.js";
import { Model } from "./model.js";
import { ACTS, type Act, type Line, type Task } from "./protocol.js";
import type { Random } from "./random.js";

/** Delegates grow old within a few schedules, so that some are renewed in time and some are not. */
const DELEGATE_VALIDITY = "20m";
const AHEAD_SECONDS = 400;
/** Serials that one schedule may choose from. */
const CHOICE = 30;

/** One schedule's fault; `fromStart`: already while the store is opened. */
export interface PlannedFault extends Fault {
  readonly fromStart: boolean;
}

/** What one schedule did. */
export interface Ran {
  readonly fired: boolean;
  /** Counted calls. */
  readonly calls: number;
}

/** One installation over many lives of its issuer. */
export class Life {
  private readonly config: Config;
  private readonly faults: WriteFaults;
  private issuer: IssuerHandle;
  private ahead = 0;
  private trace: string[] = [];
  readonly model = new Model();

  private constructor(config: Config, faultsDir: string) {
    this.config = config;
    this.faults = new WriteFaults(faultsDir, this.dir);
    this.issuer = new IssuerHandle(this.dir, this.faults.env);
  }

  /** `faultsDir` holds the compiled fault library and its control file. */
  static async begin(faultsDir: string): Promise<Life> {
    const config = layOut((text) =>
      text
        .replace(
          'kind = "ocsp-responder"\nvalidity = "30d"',
          `kind = "ocsp-responder"\nvalidity = "${DELEGATE_VALIDITY}"`,
        )
        .replace(
          'validity = "7d"\n',
          'validity = "7d"\nshards = 1\ndelta = { period = "1h", validity = "3h" }\n',
        ),
    );
    writeFileSync(join(dirname(config.file), "request.pem"), await makeRequest("localhost"));
    return new Life(config, faultsDir);
  }

  get dir(): string {
    return dirname(this.config.file);
  }

  /**
   * Runs one schedule under a fault. `recover` false leaves the recovery to the next schedule's issuer. `serials`: those
   * that its acts choose from.
   */
  async run(
    random: Random,
    steps: readonly (readonly Act[])[],
    fault: PlannedFault,
    recover: boolean,
    serials: readonly string[] = this.someSerials(random),
  ): Promise<Ran> {
    this.ahead += random.int(AHEAD_SECONDS);
    const task: Task = {
      seed: random.int(2 ** 31),
      steps,
      serials,
      ahead: this.ahead,
    };
    this.trace = [
      `fault ${JSON.stringify(fault)}`,
      `task ${JSON.stringify({ ...task, serials: undefined })}`,
    ];
    try {
      return await this.perform(task, fault, recover);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.trace.join("\n")}\nkept: ${this.dir}`, {
        cause: error,
      });
    }
  }

  private someSerials(random: Random): string[] {
    const all = this.model.serials;
    return all.length === 0 ? [] : Array.from({ length: CHOICE }, () => random.pick(all));
  }

  async end(): Promise<void> {
    await this.issuer.kill();
    this.faults.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async perform(task: Task, fault: PlannedFault, recover: boolean): Promise<Ran> {
    this.faults.forget();
    this.faults.arm(fault.fromStart ? fault : NO_FAULT);
    let before = this.faults.calls;
    const lives = await this.issuer.run(
      task,
      () => {
        before = this.faults.calls;
        if (!fault.fromStart) this.faults.arm(fault);
      },
      (line) => this.hear(line),
    );
    const ran = { fired: this.faults.fired, calls: this.faults.calls - before };
    this.faults.disarm();
    this.model.endOfProcess();
    if (!lives) this.replaceIssuer(ran.fired);
    if (recover) await this.inspect();
    return ran;
  }

  private hear(line: Line): void {
    this.trace.push(JSON.stringify(line));
    this.model.hear(line);
  }

  private replaceIssuer(fired: boolean): void {
    const { stderr } = this.issuer;
    this.issuer = new IssuerHandle(this.dir, this.faults.env);
    if (!fired) throw new Error(`the issuer's process died without a fault: ${stderr}`);
  }

  private async inspect(): Promise<void> {
    const found = await recoverAndInspect(this.config, this.ahead);
    this.model.compareRows(found.rows);
    this.model.comparePublished(found.published);
  }
}

/** An act that finds nothing to do makes few steps: it has met all faults when it ends without one so often in a row. */
const MISSES = 3;

/**
 * Lets `act` meet a fault at its first write, sync, renaming or creation of a file, then at its second, and so on to
 * its last. Returns how many there were.
 */
export async function everyStep(life: Life, random: Random, act: Act, kind: FaultKind): Promise<number> {
  let [at, misses] = [1, 0];
  while (misses < MISSES) {
    // A checkpoint needs something new to sign, a revocation a certificate that is good.
    if (act === "checkpoint" || act === "revoke") await life.run(random, [["issue"]], NO_FAULT, false);
    const newest = life.model.serials.slice(-1);
    const { fired } = await life.run(random, [[act]], { kind, at, fromStart: false }, true, newest);
    misses = fired ? 0 : misses + 1;
    if (fired) at++;
  }
  return at - 1;
}

export const NO_FAULT: PlannedFault = { kind: "off", at: 0, fromStart: false };

/** A random fault among all kinds. */
export function randomFault(random: Random): PlannedFault {
  const kind: FaultKind = random.pick(FAULTS.slice(1));
  return {
    kind,
    at: 1 + random.int(120),
    errno: random.pick([EIO, ENOSPC]),
    seed: 1 + random.int(2 ** 30),
    fromStart: random.chance(0.2),
  };
}

/** Two to six steps, most of a single act. */
export function randomSteps(random: Random): Act[][] {
  const weighted: readonly Act[] = [...ACTS, "issue", "issue", "issue", "revoke", "revoke", "publish"];
  return Array.from({ length: 2 + random.int(5) }, () =>
    Array.from({ length: random.chance(0.2) ? 3 : 1 }, () => random.pick(weighted)),
  );
}
