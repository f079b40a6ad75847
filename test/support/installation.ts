import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { systemClock } from "../../src/core/clock.js";
import { type Config, parseConfig } from "../../src/core/config.js";
import { Authorities, type Authority } from "../../src/issuer/authority.js";
import { createCa } from "../../src/issuer/create-ca.js";
import { enrolResponder, fingerprint } from "../../src/issuer/enrol.js";
import { type IssueContext, issueCertificate } from "../../src/issuer/issue.js";
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

/** Creates one; `edit` may change the configuration text first. */
export async function makeInstallation(
  edit: (text: string) => string = (text) => text,
): Promise<Installation> {
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
    demoPolicy: "2.25.1",
  });
  // A P-256 CA key is made and used faster than RSA; nothing here depends on the type.
  const config = parseConfig(
    edit(text.replace('key_type = "rsa2048"', 'key_type = "p256"')),
    join(dir, "sekisho.toml"),
  );
  const store = { ...config.store, installation: config.installation };
  const status = new StatusWriter(store, systemClock);
  const ca = new CaStore(store);
  const stores = new Map<string, KeyStore>();
  const keyStore = (token: string): KeyStore => {
    const open = stores.get(token) ?? openKeyStore(config, token);
    stores.set(token, open);
    return open;
  };
  const authorities = new Authorities(config, status.reader, keyStore);
  const context: IssueContext = { config, clock: systemClock, status, ca, authorities };
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
  await new Enrolment(context.status.reader, config, keyStore, systemClock, silent).check();
  const [identifier] = keyStore("ocsp").list("ocsp-root");
  const signer = keyStore("ocsp").findSigner(identifier as Uint8Array);
  await enrolResponder(context, silent, fingerprint(signer?.subjectPublicKeyInfo as Uint8Array), "root");
}
