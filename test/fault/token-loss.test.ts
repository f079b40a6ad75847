import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { ControlClient } from "../../src/control/client.js";
import { loadConfig } from "../../src/core/config.js";
import { type Certificate, parseCertificate } from "../../src/x509/certificate.js";
import { decodePem } from "../../src/x509/pem.js";
import { connect } from "../../tools/quickstart/population.js";
import { findSoftHsm } from "../../tools/softhsm-path.js";
import { makeRequest } from "../support/certification-request.js";
import { FaultyToken } from "../support/faulty-token.js";
import { fetchOnce } from "../support/fetch-once.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";
import { freePort, type RunningQuickstart, startQuickstart } from "../support/quickstart.js";
import { RunningResponder } from "../support/responder.js";

/**
 * Invariant 9 through real processes and a real token: it hangs, vanishes, or keeps calls for ever; cached answers go on,
 * nothing wrong is said, and nobody restarts anything.
 */

const CKR_DEVICE_ERROR = 0x30;
const ROLE: { role: "administrator"; approvals: [] } = { role: "administrator", approvals: [] };

/** No result as long as the token is known not to answer. */
function codeOf(error: { code?: string }): { result: undefined } {
  assert.equal(error.code, "TOKEN_TIMEOUT");
  return { result: undefined };
}

describe("the token is lost and comes back", () => {
  const home = mkdtempSync(join(tmpdir(), "sekisho-token-"));
  const dir = join(home, "demo");
  const token = new FaultyToken(home, findSoftHsm());
  let running: RunningQuickstart;
  let issuer: Certificate;
  let good: Certificate;
  before(async () => {
    Object.assign(process.env, token.env);
    const port = String(await freePort());
    await (await startQuickstart(dir, ["--port", port])).stop();
    const config = join(dir, "sekisho.toml");
    writeFileSync(
      config,
      readFileSync(config, "utf8").replace(/^module = .*$/m, `module = "${token.module}"`),
    );
    running = await startQuickstart(dir, []);
    const read = (name: string) =>
      parseCertificate(decodePem(readFileSync(join(dir, "pki", `${name}.pem`)), "CERTIFICATE"));
    issuer = read("issuer");
    good = read("good");
    assert.equal(await ask(), "good");
  });
  after(async () => {
    token.close();
    await running.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const post = async (request: Buffer): Promise<Buffer> => {
    const response = await fetchOnce(`${running.base}/ocsp`, {
      method: "POST",
      body: new Uint8Array(request),
    });
    return Buffer.from(await response.arrayBuffer());
  };
  const ask = async (): Promise<string> =>
    statusIn(await post(ocspRequest(issuer, [good.serialNumber])), good.serialNumber);
  /** True if a fresh signature could be had: the nonce is in the answer. What is said meanwhile must be right. */
  const askFresh = async (): Promise<boolean> => {
    const nonce = randomBytes(16);
    const answer = await post(ocspRequest(issuer, [good.serialNumber], nonce));
    assert.equal(statusIn(answer, good.serialNumber), "good", "kept answer or fresh one");
    return answer.includes(nonce);
  };
  const untilFresh = async (wanted: boolean): Promise<void> => {
    while ((await askFresh()) !== wanted) {
      assert.equal(await ask(), "good");
      await wait(50);
    }
  };

  const tokenIsUp = async (): Promise<boolean> => {
    const { metricsListen } = loadConfig(join(dir, "sekisho.toml")).responder;
    const text = await (await fetchOnce(`http://127.0.0.1:${metricsListen.port}/metrics`)).text();
    return /^sekisho_token_up 1$/m.test(text);
  };

  test("calls hang, and go on", async () => {
    await untilFresh(true);
    token.hang("C_Sign");
    await untilFresh(false);
    assert.equal(await ask(), "good");
    token.heal("C_Sign");
    await untilFresh(true);
  });

  test("every call fails until the breaker opens, and works again", async () => {
    token.fail("C_SignInit", CKR_DEVICE_ERROR);
    await untilFresh(false);
    while (await tokenIsUp()) await askFresh();
    token.heal("C_SignInit");
    await untilFresh(true);
  });

  test("the token is pulled, with sessions and login, and put back", async () => {
    token.vanish();
    await untilFresh(false);
    while (await tokenIsUp()) await askFresh();
    token.comeBack();
    await untilFresh(true);
  });

  test("every call hangs: revocations go on, what needs a signature is refused, and all of it heals", async () => {
    const config = loadConfig(join(dir, "sekisho.toml"));
    const client = (await connect(config)) as ControlClient;
    const csr = await makeRequest("localhost");
    const issue = { op: "cert.issue", issuer: "root", csr, profile: "tls-server", ...ROLE } as const;
    const { result } = await client.request(issue);
    const serial = result?.serial as string;
    token.hang("*");
    const changes = [{ serial, reason: "keyCompromise" as const }];
    const revoked = await client.request({ op: "cert.revoke", issuer: "root", changes, ...ROLE });
    assert.equal((revoked.result?.changes[0] as { state?: string } | undefined)?.state, "revoked");
    assert.equal(await ask(), "good");
    const asked = Buffer.from(serial, "hex");
    assert.equal(
      statusIn(await post(ocspRequest(issuer, [asked])), asked),
      "unsigned",
      "no kept answer: tryLater",
    );
    await assert.rejects(client.request(issue), { code: "TOKEN_TIMEOUT" });
    const status = await client.request({ op: "status", ...ROLE });
    assert.match(status.result?.issuers[0]?.tokenFault as string, /does not answer, for \d+ s/);
    token.heal("*");
    await untilFresh(true);
    while (!(await client.request(issue).catch(codeOf)).result) await wait(50);
    assert.equal(statusIn(await post(ocspRequest(issuer, [asked])), asked), "revoked");
    client.close();
  });

  test("calls never return: a successor takes over, and the old process is killed", async () => {
    token.hang("C_Sign", 2);
    const together = [askFresh(), askFresh(), askFresh(), askFresh()];
    await token.hanging("C_Sign", 2);
    await Promise.all(together);
    await untilFresh(true);
  });

  test("a responder that is started while every call hangs says why it does not serve", async () => {
    token.heal("C_Sign");
    await running.stop();
    token.hang("*");
    const responder = new RunningResponder(dir);
    assert.equal(await responder.ended, 1);
    assert.equal(responder.lines.at(-1), "error TOKEN_TIMEOUT: token ocsp does not answer");
  });
});
