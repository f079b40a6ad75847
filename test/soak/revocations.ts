import type { ControlOp, RequestOf, ResultOf } from "../../src/control/messages.js";
import type { Certificate } from "../../src/x509/certificate.js";
import { Askers } from "../support/askers.js";
import { makeRequest } from "../support/certification-request.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";
import { ocspPost } from "../support/ocsp-load.js";
import { Demo } from "./demo.js";
import { ocspGet } from "./questions.js";

export interface RevocationsOptions {
  readonly rounds: number;
  readonly processes: number;
}

/** Certificates whose rounds run side by side, all on the one control connection. */
const LANES = 48;
const CONNECTIONS = 24;
/** Holds and releases of one certificate before it is revoked for good and another is issued. */
const FLIPS = 400;
const PROGRESS_MS = 10_000;
const ROLE: { role: "administrator"; approvals: [] } = { role: "administrator", approvals: [] };

interface Tally {
  begun: number;
  rounds: number;
  answers: number;
  certificates: number;
  readonly stale: string[];
}

/**
 * Invariant 1, at length: change a certificate's status over the control socket, and ask the moment it is acknowledged,
 * by POST and by GET in the bytes that were asked before and lie in the caches of several processes.
 */
export async function revocations({ rounds, processes }: RevocationsOptions): Promise<void> {
  const demo = await Demo.start({
    create: ["--key", "p256"],
    responder: ["--processes", String(processes)],
  });
  const askers = new Askers(demo.port, CONNECTIONS);
  const tally: Tally = { begun: 0, rounds: 0, answers: 0, certificates: 0, stale: [] };
  const started = performance.now();
  const progress = setInterval(() => say(tally, started), PROGRESS_MS);
  const lane = new Lane(demo, askers, tally);
  await Promise.all(Array.from({ length: LANES }, () => lane.run(rounds)));
  clearInterval(progress);
  askers.close();
  say(tally, started);
  await demo.end();
  if (tally.stale.length > 0) throw new Error(`stale answers:\n${tally.stale.slice(0, 10).join("\n")}`);
}

function say({ rounds, answers, certificates, stale }: Tally, started: number): void {
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `[${seconds.toFixed(0).padStart(5)} s] ${rounds} rounds (${(rounds / seconds).toFixed(0)}/s), ${answers} answers, ${certificates} certificates, ${stale.length} stale`,
  );
}

class Lane {
  private readonly issuer: Certificate;

  constructor(
    private readonly demo: Demo,
    private readonly askers: Askers,
    private readonly tally: Tally,
  ) {
    this.issuer = demo.certificate("issuer");
  }

  async run(rounds: number): Promise<void> {
    while (this.tally.begun < rounds) await this.oneCertificate(rounds);
  }

  private async oneCertificate(rounds: number): Promise<void> {
    const csr = await makeRequest("localhost");
    const { serial } = await this.request({
      op: "cert.issue",
      issuer: "root",
      csr,
      profile: "tls-server",
      ...ROLE,
    });
    this.tally.certificates++;
    const ask = this.asking(Buffer.from(serial, "hex"));
    await ask("good", "after issuance");
    for (let flip = 0; flip < FLIPS && this.tally.begun < rounds; flip++) {
      this.tally.begun++;
      const op = flip % 2 === 0 ? "cert.hold" : "cert.release";
      await this.request({ op, issuer: "root", serial, ...ROLE });
      await ask(op === "cert.hold" ? "revoked" : "good", `${op} ${flip}`);
      this.tally.rounds++;
    }
    if (this.tally.begun >= rounds) return;
    this.tally.begun++;
    const changes = [{ serial, reason: "keyCompromise" as const }];
    await this.request({ op: "cert.revoke", issuer: "root", changes, ...ROLE });
    await ask("revoked", "cert.revoke");
    this.tally.rounds++;
  }

  /** Asks in both ways, side by side; the answers must say `wanted`. */
  private asking(serial: Buffer): (wanted: "good" | "revoked", after: string) => Promise<void> {
    const der = ocspRequest(this.issuer, [serial]);
    const requests = [ocspPost("1.1", der), ocspGet(der)];
    return async (wanted, after) => {
      for (const { status, body } of await Promise.all(requests.map((request) => this.askers.ask(request)))) {
        this.tally.answers++;
        const said = status === 200 ? statusIn(body, serial) : `HTTP ${status}`;
        // What could not be signed in time is no wrong answer, but it would prove nothing either.
        if (said === "unsigned") throw new Error(`no signed answer: ${body.toString("hex")}`);
        if (said !== wanted) this.tally.stale.push(`${serial.toString("hex")} after ${after}: ${said}`);
      }
    };
  }

  private async request<Op extends ControlOp>(
    request: RequestOf<Op> & { readonly op: Op },
  ): Promise<ResultOf<Op>> {
    const { result } = await this.demo.client.request<Op>(request);
    if (result === undefined) throw new Error(`${request.op} waits for an approval`);
    return result;
  }
}
