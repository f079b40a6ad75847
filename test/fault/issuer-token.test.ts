import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ControlClient } from "../../src/control/client.js";
import { type Config, loadConfig } from "../../src/core/config.js";
import { type Certificate, parseCertificate } from "../../src/x509/certificate.js";
import { decodePem } from "../../src/x509/pem.js";
import { serialText } from "../../src/x509/serial.js";
import { connect } from "../../tools/quickstart/population.js";
import { findSoftHsm } from "../../tools/softhsm-path.js";
import { makeRequest } from "../support/certification-request.js";
import { FaultyToken } from "../support/faulty-token.js";
import { fetchOnce } from "../support/fetch-once.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";
import { freePort, startQuickstart } from "../support/quickstart.js";
import { RunningResponder } from "../support/responder.js";

/**
 * Invariant 9 for the issuer: its tokens hang, the responder's do not. What needs no signature goes on and is seen, what
 * needs one is refused with a code, and all of it heals without a restart.
 */

const SEKISHO = fileURLToPath(new URL("../../src/sekisho.js", import.meta.url));
const ROLE: { role: "administrator"; approvals: [] } = { role: "administrator", approvals: [] };
const POLL_MS = 50;

describe("the issuer's tokens hang", () => {
  const home = mkdtempSync(join(tmpdir(), "sekisho-issuer-token-"));
  const dir = join(home, "demo");
  const configFile = join(dir, "issuer.toml");
  const token = new FaultyToken(home, findSoftHsm());
  let config: Config;
  let responder: RunningResponder;
  let root: Certificate;
  let csr: string;
  let issuer: ChildProcess;
  let log = "";
  let client: ControlClient;

  before(async () => {
    await (await startQuickstart(dir, ["--port", String(await freePort())])).stop();
    const text = readFileSync(join(dir, "sekisho.toml"), "utf8");
    writeFileSync(configFile, text.replace(/^module = .*$/m, `module = "${token.module}"`));
    config = loadConfig(configFile);
    root = read("issuer");
    csr = await makeRequest("localhost");
    responder = await RunningResponder.start(dir);
  });
  after(async () => {
    client?.close();
    token.close();
    issuer?.kill("SIGKILL");
    await responder.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const read = (name: string): Certificate =>
    parseCertificate(decodePem(readFileSync(join(dir, `pki/${name}.pem`)), "CERTIFICATE"));

  async function start(): Promise<void> {
    log = "";
    issuer = spawn(process.execPath, [SEKISHO, "issuer", "--config", configFile], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...token.env },
    });
    issuer.stderr?.on("data", (text) => {
      log += text;
    });
    for (;;) {
      const connected = await connect(config);
      if (connected !== undefined) {
        client = connected;
        return;
      }
      assert.equal(issuer.exitCode, null, log);
      await wait(POLL_MS);
    }
  }

  const issue = () =>
    client.request({ op: "cert.issue", issuer: "root", csr, profile: "tls-server", ...ROLE });
  const publish = () => client.request({ op: "crl.issue", issuer: "root", delta: false, ...ROLE });
  const status = async () => (await client.request({ op: "status", ...ROLE })).result;
  const refused = { code: "TOKEN_TIMEOUT" };

  /** What the responder says now; asked with a nonce by nobody, so that kept answers count too. */
  async function ask(serial: Uint8Array): Promise<string> {
    const { port } = config.responder.listen;
    const body = new Uint8Array(ocspRequest(root, [serial]));
    const response = await fetchOnce(`http://127.0.0.1:${port}/ocsp`, { method: "POST", body });
    return statusIn(Buffer.from(await response.arrayBuffer()), serial);
  }

  /** Repeats what is refused until the token is known to answer. */
  async function untilDone<T>(act: () => Promise<T>): Promise<T> {
    for (;;)
      try {
        return await act();
      } catch (error) {
        assert.equal((error as { code?: string }).code, "TOKEN_TIMEOUT");
        await wait(POLL_MS);
      }
  }

  test("at the start: it starts and revokes all the same, and signs once the token answers", async () => {
    const { serialNumber: serial } = read("good");
    token.hang("*");
    await start();
    const changes = [{ serial: serialText(serial), reason: "keyCompromise" as const }];
    await client.request({ op: "cert.revoke", issuer: "root", changes, ...ROLE });
    assert.equal(await ask(serial), "revoked");
    await assert.rejects(issue(), refused);
    await assert.rejects(publish(), refused);
    const before = await status();
    assert.match(String(before?.issuers[0]?.tokenFault), /token ca does not answer, for \d+ s/);
    assert.match(String(before?.journal.tokenFault), /token journal does not answer, for \d+ s/);

    token.heal("*");
    const { result: crl } = await untilDone(publish);
    assert.equal(crl?.crl.entries, 3, "revoked, held and the one revoked meanwhile");
    await untilDone(issue);
    const after = await status();
    assert.deepEqual([after?.issuers[0]?.tokenFault, after?.journal.tokenFault], [undefined, undefined]);
  });

  test("while it runs: holds and releases go on and are seen; it can stop meanwhile, with everything on disk", async () => {
    const { result } = await issue();
    const serial = Buffer.from(result?.serial as string, "hex");
    const change = (op: "cert.hold" | "cert.release") =>
      client.request({ op, issuer: "root", serial: serialText(serial), ...ROLE });
    token.hang("*");
    await change("cert.hold");
    assert.equal(await ask(serial), "revoked");
    await assert.rejects(issue(), refused);
    await change("cert.release");
    assert.equal(await ask(serial), "good");

    issuer.kill("SIGTERM");
    assert.deepEqual(await once(issuer, "close"), [null, "SIGKILL"]);
    assert.match(log, /a call to a token has not returned/);
    assert.match(auditLog(), /"service\.stop"[^\n]*\n$/);
    token.heal("*");
    await start();
    assert.ok((await issue()).result, "nothing was lost");
    client.close();
    issuer.kill("SIGTERM");
    assert.deepEqual(await once(issuer, "close"), [0, null]);
  });

  const auditLog = (): string =>
    readdirSync(config.audit.dir)
      .map((name) => readFileSync(join(config.audit.dir, name), "utf8"))
      .join("");
});
