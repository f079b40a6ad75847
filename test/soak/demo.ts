import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ControlClient } from "../../src/control/client.js";
import { type Config, loadConfig } from "../../src/core/config.js";
import { type Certificate, parseCertificate } from "../../src/x509/certificate.js";
import { decodePem } from "../../src/x509/pem.js";
import { connect } from "../../tools/quickstart/population.js";
import { Service } from "../../tools/quickstart/services.js";
import { freePort, startQuickstart } from "../support/quickstart.js";

const FSCK = fileURLToPath(new URL("../../tools/fsck.js", import.meta.url));
const START_SECONDS = 30;

export interface DemoOptions {
  /** Arguments of the quickstart that creates it, such as `--key p256`. */
  readonly create: readonly string[];
  /** Arguments of `sekisho responder`. */
  readonly responder: readonly string[];
  /** The configuration that the responder alone reads, made from the issuer's. */
  readonly responderConfig?: (text: string) => string;
}

/** A quickstart's installation with issuer and responder as processes of ours, in a temporary directory. */
export class Demo {
  private constructor(
    readonly dir: string,
    readonly config: Config,
    public issuerService: Service,
    readonly responderService: Service,
    public client: ControlClient,
  ) {}

  static async start({ create, responder, responderConfig }: DemoOptions): Promise<Demo> {
    const dir = join(mkdtempSync(join(tmpdir(), "sekisho-soak-")), "demo");
    await (await startQuickstart(dir, ["--port", String(await freePort()), ...create])).stop();
    const file = join(dir, "sekisho.toml");
    const config = loadConfig(file);
    const responderFile = join(dir, "responder.toml");
    const text = readFileSync(file, "utf8");
    writeFileSync(responderFile, responderConfig === undefined ? text : responderConfig(text));
    const logs = join(dir, "log");
    const { issuer, client } = await startIssuer(config, logs);
    const responderService = new Service("responder", responderFile, logs, responder);
    const demo = new Demo(dir, config, issuer, responderService, client);
    await responderService.until("the responder's start", START_SECONDS, () => demo.isReady());
    return demo;
  }

  /** Stops the issuer, changes its configuration and starts it again. */
  async restartIssuer(change: (text: string) => string): Promise<void> {
    const { file } = this.config;
    this.client.close();
    await this.issuerService.stop();
    writeFileSync(file, change(readFileSync(file, "utf8")));
    const { issuer, client } = await startIssuer(loadConfig(file), join(this.dir, "log"));
    this.issuerService = issuer;
    this.client = client;
  }

  get port(): number {
    return this.config.responder.listen.port;
  }

  certificate(name: "issuer" | "good"): Certificate {
    return parseCertificate(decodePem(readFileSync(join(this.dir, "pki", `${name}.pem`)), "CERTIFICATE"));
  }

  async isReady(): Promise<true | undefined> {
    const { host, port } = this.config.responder.metricsListen;
    const response = await fetch(`http://${host}:${port}/readyz`).catch(() => undefined);
    return response?.ok ? true : undefined;
  }

  /** Stops both services, compares all records with each other, removes everything. Throws if fsck finds a difference. */
  async end(): Promise<void> {
    this.client.close();
    await this.responderService.stop();
    await this.issuerService.stop();
    const { status, stdout, stderr } = spawnSync(process.execPath, [FSCK, "--config", this.config.file], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`fsck: ${stdout}${stderr}`);
    console.log(`fsck: ${stdout.trim().split("\n").at(-1)}`);
    rmSync(join(this.dir, ".."), { recursive: true });
  }
}

async function startIssuer(
  config: Config,
  logs: string,
): Promise<{ issuer: Service; client: ControlClient }> {
  const issuer = new Service("issuer", config.file, logs);
  const client = await issuer.until("the issuer's start", START_SECONDS, () => connect(config));
  return { issuer, client };
}
