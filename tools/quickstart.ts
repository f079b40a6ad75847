import { join, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import type { Config } from "../src/core/config.js";
import { errorLine, SekishoError, toSekishoError } from "../src/core/errors.js";
import { stopSignal } from "../src/core/stop-signal.js";
import { runChecks } from "./quickstart/check.js";
import { prepareInstallation, type QuickstartOptions } from "./quickstart/installation.js";
import {
  connect,
  ensureCertificates,
  ensureDelegate,
  ensureRoot,
  issueCrl,
} from "./quickstart/population.js";
import { checkPortFree, Service } from "./quickstart/services.js";

/**
 * The main job with one command: a CA in DIR, real certificates, issuer and responder running until SIGINT or SIGTERM.
 * A second run on DIR goes on with the same CA.
 */

interface Arguments extends QuickstartOptions {
  readonly check: boolean;
  readonly processes: string | undefined;
}

const START_SECONDS = 30;
const started = Date.now();

const say = (step: string): void =>
  console.log(`[${((Date.now() - started) / 1000).toFixed(1).padStart(5)} s] ${step}`);

function parseArguments(): Arguments {
  const port = (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1 || value > 65_534)
      throw new InvalidArgumentError("expected a port from 1 to 65534");
    return value;
  };
  const program = new Command("quickstart")
    .description("Creates a demonstration CA in DIR and runs issuer and responder on 127.0.0.1 until Ctrl-C.")
    .option("--dir <dir>", "where everything is kept", "./sekisho-demo")
    .option("--port <n>", "OCSP and repository (default: 8080, or what DIR has)", port)
    .option("--metrics-port <n>", "metrics and health (default: port + 1)", port)
    .addOption(
      new Option("--signer <kind>", "where keys live (default: pkcs11)").choices(["pkcs11", "software"]),
    )
    .addOption(
      new Option("--key <type>", "key of the OCSP delegate (default: rsa2048)").choices(["rsa2048", "p256"]),
    )
    .option("--processes <n>", "responder processes (default: what the configuration says)")
    .option("--check", "ask with the openssl client, print what it said, stop; exit 0 if all is right", false)
    .addHelpText("after", "\nExample:\n  npm run quickstart -- --dir /tmp/demo --port 9000 --check")
    .exitOverride();
  const { dir, port: asked, metricsPort, signer, key, processes, check } = program.parse().opts();
  return { dir: resolve(dir), port: asked, metricsPort, signer, key, processes, check };
}

async function main(options: Arguments): Promise<boolean> {
  const stop = stopSignal();
  // A terminal that closes: to the responder, which gets it too, it would mean to go on with a new configuration.
  process.on("SIGHUP", () => process.kill(process.pid, "SIGTERM"));
  if (options.port !== undefined) await checkPortFree(options.port);
  const config = prepareInstallation(options, say);
  await checkPortFree(config.responder.listen.port);
  await checkPortFree(config.responder.metricsListen.port);
  const services: Service[] = [];
  try {
    await startServices(config, options.processes, services);
    const base = config.responder.publicUrl;
    console.log(`ready ${base}`);
    if (options.check) return await runChecks(base, join(options.dir, "pki"));
    explain(base, options.dir);
    await Promise.race([stop, ...services.map(({ failed }) => failed)]);
    return true;
  } finally {
    say("stopping");
    for (const service of services.reverse()) await service.stop();
  }
}

/** Starts issuer, then responder, and brings the demonstration to the state it promises. Every step may be repeated. */
async function startServices(
  config: Config,
  processes: string | undefined,
  services: Service[],
): Promise<void> {
  const dir = resolve(config.file, "..");
  const pki = join(dir, "pki");
  const logs = join(dir, "log");
  say("starting the issuer");
  const issuer = new Service("issuer", config.file, logs);
  services.push(issuer);
  const client = await issuer.until("the issuer's start", START_SECONDS, () => connect(config));
  try {
    await ensureRoot(client, pki, say);
    if (await ensureCertificates(client, pki, say)) {
      const { crl } = await issueCrl(client);
      say(`published CRL number ${crl.number} with ${crl.entries} entries`);
    }
    say("starting the responder");
    const args = processes === undefined ? [] : ["--processes", processes];
    const responder = new Service("responder", config.file, logs, args);
    services.push(responder);
    await responder.until("the OCSP key's enrolment", START_SECONDS, () =>
      ensureDelegate(client, config, say),
    );
    await responder.until("the responder's start", START_SECONDS, () => isReady(config));
  } finally {
    client.close();
  }
}

async function isReady({ responder }: Config): Promise<true | undefined> {
  const { host, port } = responder.metricsListen;
  const response = await fetch(`http://${host}:${port}/readyz`).catch(() => undefined);
  return response?.ok ? true : undefined;
}

function explain(base: string, dir: string): void {
  console.log(`
Activation is "standing": PINs come from files. That is for demonstrations; it does not fulfil CPS 6.2.8 and 6.2.9.
Ask for a certificate's status (another terminal):
  openssl ocsp -issuer ${dir}/pki/issuer.pem -cert ${dir}/pki/good.pem -url ${base}/ocsp
Administer:
  npx sekisho status --config ${dir}/sekisho.toml
Repository page: ${base}/    Ctrl-C stops.`);
}

try {
  process.exitCode = (await main(parseArguments())) ? 0 : 1;
} catch (error) {
  const { code } = error as { code?: string };
  if (code?.startsWith("commander.")) {
    process.exitCode = code === "commander.helpDisplayed" ? 0 : 2;
  } else {
    console.error(errorLine(error));
    // Whatever keeps a demonstration from starting is exit 1 (contract), a wrong command line 2.
    process.exitCode =
      error instanceof SekishoError && error.code === "USAGE" ? 2 : toSekishoError(error).exit;
  }
}
