import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pino } from "pino";
import { type Clock, nowSeconds, systemClock } from "../../src/core/clock.js";
import { type Config, parseConfig } from "../../src/core/config.js";
import { CRL_REASON } from "../../src/crl/reason.js";
import { ALL } from "../../src/crl/scope.js";
import { Authorities, type Authority } from "../../src/issuer/authority.js";
import { changeStatus } from "../../src/issuer/change-status.js";
import { createCa } from "../../src/issuer/create-ca.js";
import { enrolResponder, fingerprint } from "../../src/issuer/enrol.js";
import { importRows } from "../../src/issuer/import-rows.js";
import { type IssueContext, issueCertificate } from "../../src/issuer/issue.js";
import { populationRows } from "../../src/issuer/synthetic-population.js";
import { Enrolment } from "../../src/responder/enrolment.js";
import { openKeyStore } from "../../src/signer/open.js";
import type { KeyStore } from "../../src/signer/signer.js";
import { CaStore } from "../../src/store/ca-store.js";
import { StatusWriter } from "../../src/store/status-writer.js";
import type { Certificate } from "../../src/x509/certificate.js";
import { demoConfigText } from "../../tools/quickstart/config-text.js";
import { makeRequest } from "./certification-request.js";

export const silent = pino({ level: "silent" });

/** A whole installation inside the test's process: software keys, one root CA, real store, real issuer functions. */
export interface Installation {
  readonly dir: string;
  readonly config: Config;
  readonly context: IssueContext;
  readonly keyStore: (token: string) => KeyStore;
  readonly root: Authority;
  /** Issues a TLS server certificate for a fresh key. */
  issue(): Promise<Certificate>;
  close(): Promise<void>;
}

/** A clock that tests move. */
export class TestClock implements Clock {
  constructor(private ms = Date.now()) {}

  nowMs(): number {
    return this.ms;
  }

  get seconds(): number {
    return Math.floor(this.ms / 1000);
  }

  advance(seconds: number): void {
    this.ms += seconds * 1000;
  }
}

/** Lays out a directory for an installation with software keys and writes its configuration; `edit` may change that. */
export function layOut(edit: (text: string) => string = (text) => text): Config {
  const dir = mkdtempSync(join(tmpdir(), "sekisho-test-"));
  for (const sub of ["secrets", "crl", "enrol"]) mkdirSync(join(dir, sub));
  for (const name of ["ca", "ocsp", "journal"])
    writeFileSync(join(dir, "secrets", `${name}.pin`), randomBytes(16).toString("hex"), { mode: 0o600 });
  const text = demoConfigText({
    installation: randomBytes(16).toString("hex"),
    port: 1,
    metricsPort: 2,
    signer: "software",
    module: "",
    key: "p256",
    operatorKey: "00".repeat(32),
  });
  // A P-256 CA key is made and used faster than RSA; nothing here depends on the type.
  const edited = edit(text.replaceAll('key_type = "rsa2048"', 'key_type = "p256"'));
  const config = parseConfig(edited, join(dir, "sekisho.toml"));
  writeFileSync(config.file, edited);
  return config;
}

/** Creates one; `edit` may change the configuration text first. */
export async function makeInstallation(
  edit: (text: string) => string = (text) => text,
  clock: Clock = systemClock,
): Promise<Installation> {
  const config = layOut(edit);
  const dir = dirname(config.file);
  const store = { ...config.store, installation: config.installation };
  const status = new StatusWriter(store, clock);
  const ca = new CaStore(store);
  const stores = new Map<string, KeyStore>();
  const keyStore = (token: string): KeyStore => {
    const open = stores.get(token) ?? openKeyStore(config, token);
    stores.set(token, open);
    return open;
  };
  const authorities = new Authorities(config, status.reader, keyStore);
  const context: IssueContext = { config, clock, status, ca, authorities };
  await createCa(context, keyStore("ca"), "root");
  const root = authorities.get("root");
  return {
    dir,
    config,
    context,
    keyStore,
    root,
    issue: async () =>
      (await issueCertificate(context, root, await makeRequest("localhost"), "tls-server")).certificate,
    close: async () => {
      await ca.close();
      await status.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Has the responder's key made, requested and certified, as an operator would. */
export async function enrol({ context, config, keyStore }: Installation): Promise<void> {
  await new Enrolment(context.status.reader, config, keyStore, context.clock, silent).check();
  for (const { id } of context.authorities.all()) {
    for (const identifier of keyStore("ocsp").list(`ocsp-${id}`)) {
      const signer = keyStore("ocsp").findSigner(identifier);
      await enrolResponder(context, silent, fingerprint(signer?.subjectPublicKeyInfo as Uint8Array), id);
    }
  }
}

/** Configuration with a second issuer `sub` under `root`, by the profile subordinate-ca. */
export function withSubordinateCa(text: string): string {
  const start = text.indexOf("[issuers.root]");
  const end = text.indexOf("# Policies:");
  const sub = text
    .slice(start, end)
    .replaceAll("issuers.root", "issuers.sub")
    .replace("Demo Root CA", "Demo Sub CA")
    .replace('profile = "root"', 'profile = "subordinate-ca"\nparent = "root"')
    .replace('token = "ca"', 'token = "sub"');
  const token = `[tokens.sub]\nprovider = "software"\ndir = "keys/sub"\npin_file = "secrets/ca.pin"\n\n`;
  return text.slice(0, start) + token + text.slice(start, end) + sub + text.slice(end);
}

/** Revokes a certificate for keyCompromise, now. */
export async function revoke({ context, root }: Installation, serial: Uint8Array): Promise<void> {
  const wanted = [{ act: "revoke", serial, reason: CRL_REASON.keyCompromise, invalidityDate: 0 }] as const;
  await changeStatus(context.status, root.issuer, wanted, nowSeconds(context.clock));
}

/** Puts certificates that nobody has into the store, all of them revoked. */
export async function importRevoked(
  { context, root }: Installation,
  count: number,
  shard: number = ALL,
): Promise<void> {
  const rows = populationRows({ certificates: count, revoked: count }, 0, count, root.certificate);
  await importRows(context.status, { issuer: root.issuer, origin: "synthetic", shard }, rows);
}
