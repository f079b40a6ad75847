import { generateKeyPairSync, randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Config, loadConfig } from "../../src/core/config.js";
import { SekishoError } from "../../src/core/errors.js";
import { initToken } from "../../src/signer/token-init.js";
import { findSoftHsm } from "../softhsm-path.js";
import { demoConfigText } from "./config-text.js";

export interface QuickstartOptions {
  readonly dir: string;
  /** Undefined: what the installation has, 8080 for a new one. */
  readonly port: number | undefined;
  readonly metricsPort: number | undefined;
  readonly signer: "pkcs11" | "software" | undefined;
  readonly key: "rsa2048" | "p256" | undefined;
}

const DEFAULT_PORT = 8080;
const TOKENS = ["ca", "ocsp", "journal"] as const;

export const configFile = (dir: string): string => join(dir, "sekisho.toml");

/**
 * Makes DIR an installation, or takes up the one that is there. The configuration is written last, so that its
 * presence says the rest is complete. `say` gets one line a step.
 */
export function prepareInstallation(options: QuickstartOptions, say: (step: string) => void): Config {
  const file = configFile(options.dir);
  if (existsSync(file)) return takeUp(file, options);
  say(`creating an installation in ${options.dir}`);
  for (const sub of ["", "secrets", "run", "pki", "crl", "log", "enrol"])
    makeDirectory(join(options.dir, sub));
  const signer = options.signer ?? "pkcs11";
  const module = signer === "pkcs11" ? findSoftHsm() : "";
  createTokens(options.dir, signer, module, say);
  const port = options.port ?? DEFAULT_PORT;
  const text = demoConfigText({
    installation: randomBytes(16).toString("hex"),
    port,
    metricsPort: options.metricsPort ?? port + 1,
    signer,
    module,
    key: options.key ?? "rsa2048",
    operatorKey: createOperatorKey(join(options.dir, "secrets", "operator.key")),
  });
  writeFileDurably(file, text, 0o600);
  return loadConfig(file);
}

/** The existing installation, moved to another port if one is asked for. */
function takeUp(file: string, options: QuickstartOptions): Config {
  const config = loadConfig(file);
  const signer = config.tokens.ca?.provider;
  if (options.signer !== undefined && options.signer !== signer)
    throw new SekishoError(
      "USAGE",
      `${file} uses signer ${signer}; choose another --dir for signer ${options.signer}`,
    );
  const key = config.issuers.root?.ocsp.keyType[0];
  if (options.key !== undefined && options.key !== key)
    throw new SekishoError(
      "USAGE",
      `${file} uses OCSP key ${key}; choose another --dir for key ${options.key}`,
    );
  const { listen, metricsListen } = config.responder;
  const port = options.port ?? listen.port;
  const metricsPort = options.metricsPort ?? (options.port === undefined ? metricsListen.port : port + 1);
  if (port === listen.port && metricsPort === metricsListen.port) return config;
  const text = readFileSync(file, "utf8")
    .replace(/^listen = .*$/m, `listen = "127.0.0.1:${port}"`)
    .replace(/^metrics_listen = .*$/m, `metrics_listen = "127.0.0.1:${metricsPort}"`)
    .replace(/^public_url = "[^"]*"/m, `public_url = "http://127.0.0.1:${port}"`);
  writeFileDurably(file, text, 0o600);
  return loadConfig(file);
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new SekishoError(
      "FILE_ACCESS",
      `${path}: cannot be created (${(error as NodeJS.ErrnoException).code})`,
      { cause: error },
    );
  }
}

/** Three tokens with random PINs: CA key, OCSP key and journal key stay apart. */
function createTokens(
  dir: string,
  signer: "pkcs11" | "software",
  module: string,
  say: (step: string) => void,
): void {
  const conf = join(dir, "softhsm2.conf");
  if (signer === "pkcs11") {
    makeDirectory(join(dir, "tokens"));
    writeFileDurably(
      conf,
      `directories.tokendir = ${join(dir, "tokens")}\nobjectstore.backend = file\nlog.level = ERROR\n`,
      0o600,
    );
  }
  for (const name of TOKENS) {
    const pin = keptSecret(join(dir, "secrets", `${name}.pin`));
    if (signer === "software") continue;
    say(`initialising token sekisho-${name}`);
    const soPin = keptSecret(join(dir, "secrets", `${name}.so-pin`));
    initToken({ module, softhsm2Conf: conf, label: `sekisho-${name}`, soPin, pin });
  }
}

/** A random PIN that an interrupted run may have written already. */
function keptSecret(file: string): string {
  if (!existsSync(file)) writeFileDurably(file, `${randomBytes(16).toString("hex")}\n`, 0o600);
  return readFileSync(file, "utf8").trim();
}

/** Generates the operator's Ed25519 key; returns the raw public key in hexadecimal. */
function createOperatorKey(file: string): string {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  writeFileDurably(file, privateKey.export({ type: "pkcs8", format: "pem" }) as string, 0o600);
  return publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("hex");
}

/** Whole or not at all. */
export function writeFileDurably(file: string, text: string, mode: number): void {
  const temporary = `${file}.new`;
  writeFileSync(temporary, text, { mode });
  const fd = openSync(temporary, "r");
  fsyncSync(fd);
  closeSync(fd);
  renameSync(temporary, file);
}
