import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describeLoad, runLoad } from "../../bench/load/run-generator.js";
import type { Certificate } from "../../src/x509/certificate.js";
import { findSoftHsm } from "../../tools/softhsm-path.js";
import { Askers } from "../support/askers.js";
import { makeRequest } from "../support/certification-request.js";
import { FaultyToken } from "../support/faulty-token.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";
import { ocspPost } from "../support/ocsp-load.js";
import { Demo } from "./demo.js";
import { cachedQuestions } from "./questions.js";

export interface TokenOptions {
  /** Cached requests a second meanwhile. */
  readonly rate: number;
  /** Seconds for which each loss lasts. */
  readonly outage: number;
  readonly processes: number;
}

const CONNECTIONS = 32;
/** Seconds of peace before and after each loss, and the longest that the return of fresh signatures may take. */
const QUIET_SECONDS = 5;
const FRESH_AFTER_MS = 5_000;
const ASK_EVERY_MS = 20;
const ROLE: { role: "administrator"; approvals: [] } = { role: "administrator", approvals: [] };

interface Loss {
  readonly what: string;
  begin(token: FaultyToken): void;
  end(token: FaultyToken): void;
}

const LOSSES: readonly Loss[] = [
  { what: "signing hangs", begin: (token) => token.hang("C_Sign"), end: (token) => token.heal("C_Sign") },
  { what: "every call hangs", begin: (token) => token.hang("*"), end: (token) => token.heal("*") },
  { what: "the token is pulled", begin: (token) => token.vanish(), end: (token) => token.comeBack() },
];

/**
 * The responder's token hangs, then vanishes, under load: kept answers go on, a certificate revoked meanwhile is never
 * called good, fresh signatures are back within 5 s of the token, and nobody restarts anything.
 */
export async function token({ rate, outage, processes }: TokenOptions): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "sekisho-faulty-"));
  const faulty = new FaultyToken(home, findSoftHsm());
  Object.assign(process.env, faulty.env);
  const demo = await Demo.start({
    create: ["--key", "p256"],
    responder: ["--processes", String(processes)],
    responderConfig: (text) => text.replace(/^module = .*$/m, `module = "${faulty.module}"`),
  });
  const issuer = demo.certificate("issuer");
  const { serialNumber } = demo.certificate("good");
  const seconds = LOSSES.length * (QUIET_SECONDS + outage + FRESH_AFTER_MS / 1000) + QUIET_SECONDS;
  const load = runLoad({
    host: "127.0.0.1",
    port: demo.port,
    connections: CONNECTIONS,
    rate,
    seconds,
    questions: cachedQuestions(issuer, serialNumber),
  });
  const witness = new Witness(demo, issuer, serialNumber);
  const late: string[] = [];
  for (const loss of LOSSES) {
    await witness.watch(QUIET_SECONDS * 1000);
    const freshMs = await witness.through(loss, faulty, outage * 1000);
    if (freshMs > FRESH_AFTER_MS) late.push(`${loss.what}: fresh after ${freshMs.toFixed(0)} ms`);
  }
  const report = await load;
  console.log(`cached answers throughout: ${describeLoad(report)}`);
  witness.close();
  faulty.close();
  await demo.end();
  rmSync(home, { recursive: true });
  const wrong = [...late, ...witness.wrong, ...Object.keys(report.failures)];
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}

/** Asks for fresh signatures all the time, and for a certificate that is revoked during the loss. */
class Witness {
  readonly wrong: string[] = [];
  private readonly askers: Askers;

  constructor(
    private readonly demo: Demo,
    private readonly issuer: Certificate,
    private readonly good: Uint8Array,
  ) {
    this.askers = new Askers(demo.port, 8);
  }

  /** Lets the token be lost for `outageMs`; returns how long after its return the first fresh signature came. */
  async through(loss: Loss, faulty: FaultyToken, outageMs: number): Promise<number> {
    const victim = await this.issue();
    if ((await this.status(victim)) !== "good") this.wrong.push("a new certificate is not good");
    loss.begin(faulty);
    const begun = performance.now();
    const during = await this.watch(outageMs / 2);
    await this.revoke(victim);
    const revokedMs = performance.now() - begun - outageMs / 2;
    while (performance.now() - begun < outageMs) await this.neverGood(victim, ASK_EVERY_MS);
    loss.end(faulty);
    const back = performance.now();
    while (!(await this.isFresh())) await this.neverGood(victim, ASK_EVERY_MS);
    const freshMs = performance.now() - back;
    while ((await this.neverGood(victim, ASK_EVERY_MS)) !== "revoked");
    console.log(
      `${loss.what} for ${outageMs / 1000} s: ${during} fresh of those asked meanwhile; revocation acknowledged after ${revokedMs.toFixed(0)} ms; fresh signatures ${freshMs.toFixed(0)} ms after its return`,
    );
    return freshMs;
  }

  /** Asks for fresh signatures for so long; returns how many there were. */
  async watch(ms: number): Promise<number> {
    const end = performance.now() + ms;
    let fresh = 0;
    while (performance.now() < end) {
      if (await this.isFresh()) fresh++;
      await wait(ASK_EVERY_MS);
    }
    return fresh;
  }

  close(): void {
    this.askers.close();
  }

  /** True if the answer has our nonce; without it, it must be a kept one that is right, or tryLater. */
  private async isFresh(): Promise<boolean> {
    const nonce = randomBytes(16);
    const { body } = await this.askers.ask(ocspPost("1.1", ocspRequest(this.issuer, [this.good], nonce)));
    const said = statusIn(body, this.good);
    if (said !== "good" && body[4] !== 3) this.wrong.push(`a good certificate: ${said}`);
    return said === "good" && body.includes(nonce);
  }

  private async neverGood(serial: Uint8Array, pauseMs: number): Promise<string> {
    await wait(pauseMs);
    const said = await this.status(serial);
    if (said === "good" || said === "unknown") this.wrong.push(`a revoked certificate: ${said}`);
    return said;
  }

  private async status(serial: Uint8Array): Promise<string> {
    const { body } = await this.askers.ask(ocspPost("1.1", ocspRequest(this.issuer, [serial])));
    return statusIn(body, serial);
  }

  private async issue(): Promise<Uint8Array> {
    const csr = await makeRequest("localhost");
    const { result } = await this.demo.client.request({
      op: "cert.issue",
      issuer: "root",
      csr,
      profile: "tls-server",
      ...ROLE,
    });
    return Buffer.from(result?.serial as string, "hex");
  }

  private async revoke(serial: Uint8Array): Promise<void> {
    const changes = [{ serial: Buffer.from(serial).toString("hex"), reason: "keyCompromise" as const }];
    await this.demo.client.request({ op: "cert.revoke", issuer: "root", changes, ...ROLE });
  }
}
