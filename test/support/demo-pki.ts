import { randomFillSync } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, loadConfig } from "../../src/core/config.js";
import { openKeyStore } from "../../src/signer/open.js";
import type { Signer } from "../../src/signer/signer.js";
import { assembleCertificate, parseCertificate } from "../../src/x509/certificate.js";
import { keyIdentifier } from "../../src/x509/issuer-identity.js";
import { decodePem, encodePem } from "../../src/x509/pem.js";
import { serialText } from "../../src/x509/serial.js";
import { connect } from "../../tools/quickstart/population.js";
import { fetchOnce } from "./fetch-once.js";
import { freePort, type RunningQuickstart, startQuickstart } from "./quickstart.js";
import { toBeSigned } from "./test-ca.js";

const ROLE: { role: "administrator"; approvals: [] } = { role: "administrator", approvals: [] };

/** A running quickstart whose certificates foreign clients ask about. */
export interface DemoPki {
  readonly base: string;
  /** Directory for a test's own files. */
  readonly home: string;
  /** Path of pki/NAME.pem. */
  pem(name: string): string;
  /** Path of pki/NAME.key. */
  key(name: string): string;
  /** Revokes the certificate in pki/NAME.pem. */
  revoke(name: string): Promise<void>;
  /** OCSP requests answered so far, by HTTP method. */
  answered(method: "GET" | "POST"): Promise<number>;
  stop(): Promise<void>;
}

export async function startDemoPki(delegateKey: "rsa2048" | "p256"): Promise<DemoPki> {
  const home = mkdtempSync(join(tmpdir(), "sekisho-judge-"));
  const dir = join(home, "demo");
  const running: RunningQuickstart = await startQuickstart(dir, [
    ...["--port", String(await freePort())],
    ...["--signer", "software", "--key", delegateKey],
  ]);
  const config = loadConfig(join(dir, "sekisho.toml"));
  const client = await connect(config);
  if (client === undefined) throw new Error("the issuer does not listen");
  const pem = (name: string): string => join(dir, "pki", `${name}.pem`);
  const key = (name: string): string => join(dir, "pki", `${name}.key`);
  await writeUnknown(config, pem);
  copyFileSync(key("good"), key("unknown"));
  return {
    base: running.base,
    home,
    pem,
    key,
    revoke: async (name) => {
      const { serialNumber } = parseCertificate(decodePem(readFileSync(pem(name)), "CERTIFICATE"));
      const changes = [{ serial: serialText(serialNumber), reason: "keyCompromise" as const }];
      await client.request({ op: "cert.revoke", issuer: "root", changes, ...ROLE });
    },
    answered: async (method) => {
      const { host, port } = config.responder.metricsListen;
      const text = await (await fetchOnce(`http://${host}:${port}/metrics`)).text();
      const counts = text.matchAll(
        new RegExp(`^sekisho_ocsp_answers_total\\{method="${method}",[^}]*\\} (\\d+)$`, "gm"),
      );
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    },
    stop: async () => {
      client.close();
      await running.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** pki/unknown.pem: `good` signed by the CA's key with a serial number that nobody issued. */
async function writeUnknown(config: Config, pem: (name: string) => string): Promise<void> {
  const read = (name: string) => parseCertificate(decodePem(readFileSync(pem(name)), "CERTIFICATE"));
  const issuer = read("issuer");
  const good = read("good");
  const tbs = Buffer.from(good.tbsCertificate);
  randomFillSync(tbs.subarray(tbs.indexOf(good.serialNumber) + 1), 0, good.serialNumber.length - 1);
  const signer = openKeyStore(config, "ca").findSigner(keyIdentifier(issuer.subjectPublicKeyBits)) as Signer;
  const [signature] = await signer.sign([toBeSigned(signer, tbs)]);
  const der = assembleCertificate(tbs, signer.signatureAlgorithm, signature as Uint8Array);
  writeFileSync(pem("unknown"), encodePem(der, "CERTIFICATE"));
}
