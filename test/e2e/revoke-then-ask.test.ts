import assert from "node:assert/strict";
import { createPrivateKey, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ControlClient } from "../../src/control/client.js";
import { loadConfig } from "../../src/core/config.js";
import { type Certificate, parseCertificate } from "../../src/x509/certificate.js";
import { decodePem } from "../../src/x509/pem.js";
import { makeRequest } from "../support/certification-request.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";
import { freePort, type RunningQuickstart, startQuickstart } from "../support/quickstart.js";

/**
 * Invariant 1 through real processes: revoke over the control socket, ask at once in every way a client can, while
 * other connections keep the responder busy. SEKISHO_ROUNDS gives a longer run.
 */

const ROUNDS = Number(process.env.SEKISHO_ROUNDS ?? 50);
const BUSY_CONNECTIONS = 8;
const ROLE: { role: "administrator"; approvals: [] } = { role: "administrator", approvals: [] };

for (const processes of ["1", "2"])
  describe(`revoke, then ask, under load, responder processes: ${processes} (invariant 1)`, () => {
    const home = mkdtempSync(join(tmpdir(), "sekisho-e2e-"));
    const dir = join(home, "demo");
    const agent = new Agent({ keepAlive: true, maxSockets: BUSY_CONNECTIONS + 4 });
    let running: RunningQuickstart;
    let client: ControlClient;
    let issuer: Certificate;
    before(async () => {
      const args = ["--key", "p256", "--processes", processes];
      running = await startQuickstart(dir, ["--port", String(await freePort()), ...args]);
      const { control, installation, operators } = loadConfig(join(dir, "sekisho.toml"));
      const privateKey = createPrivateKey(readFileSync(operators.operator?.keyFile as string));
      client = await ControlClient.connect({
        socket: control.socket,
        installation,
        operator: "operator",
        privateKey,
      });
      issuer = parseCertificate(decodePem(readFileSync(join(dir, "pki", "issuer.pem")), "CERTIFICATE"));
    });
    after(async () => {
      client.close();
      agent.destroy();
      await running.stop();
      rmSync(home, { recursive: true, force: true });
    });

    const ask = (method: "GET" | "POST", path: string, body?: Buffer): Promise<Buffer> =>
      new Promise((resolve, reject) => {
        const request = httpRequest(`${running.base}${path}`, { method, agent }, (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part) => parts.push(part));
          response.on("end", () => resolve(Buffer.concat(parts)));
        });
        request.on("error", reject).end(body);
      });
    const post = (der: Buffer): Promise<Buffer> => ask("POST", "/ocsp", der);
    const get = (der: Buffer): Promise<Buffer> =>
      ask("GET", `/ocsp/${encodeURIComponent(der.toString("base64"))}`);
    /** HTTP/1.0 as openssl, nginx and Apache speak it. */
    const postOld = (der: Buffer): Promise<Buffer> =>
      new Promise((resolve, reject) => {
        const { port } = new URL(running.base);
        const parts: Buffer[] = [];
        const socket = connect(Number(port), "127.0.0.1", () => {
          socket.write(
            `POST /ocsp HTTP/1.0\r\nContent-Type: application/ocsp-request\r\nContent-Length: ${der.length}\r\n\r\n`,
          );
          socket.write(der);
        });
        socket.on("data", (part) => parts.push(part));
        socket.on("end", () => resolve(Buffer.concat(parts)));
        socket.on("error", reject);
      });

    const issue = async (): Promise<{ serial: Uint8Array; text: string }> => {
      const csr = await makeRequest("localhost");
      const { result } = await client.request({
        op: "cert.issue",
        issuer: "root",
        csr,
        profile: "tls-server",
        ...ROLE,
      });
      const text = result?.serial as string;
      return { serial: Buffer.from(text, "hex"), text };
    };

    test(`${ROUNDS} rounds, none stale`, async () => {
      let busy = true;
      let answered = 0;
      const load = Array.from({ length: BUSY_CONNECTIONS }, async (_, i) => {
        const { serial } = await issue();
        const cached = ocspRequest(issuer, [serial]);
        while (busy) {
          await post(i % 2 === 0 ? cached : ocspRequest(issuer, [serial], randomBytes(16)));
          answered++;
        }
      });
      for (let round = 0; round < ROUNDS; round++) {
        const { serial, text } = await issue();
        const request = ocspRequest(issuer, [serial]);
        for (const answer of await Promise.all([post(request), get(request), postOld(request)]))
          assert.equal(statusIn(answer, serial), "good");
        const changes = [{ serial: text, reason: "keyCompromise" as const }];
        const { result } = await client.request({ op: "cert.revoke", issuer: "root", changes, ...ROLE });
        assert.ok(result !== undefined && !("error" in (result.changes[0] as object)));
        const nonce = ocspRequest(issuer, [serial], randomBytes(16));
        const answers = await Promise.all([
          post(request),
          get(request),
          postOld(request),
          post(nonce),
          get(request),
        ]);
        for (const answer of answers) assert.equal(statusIn(answer, serial), "revoked", `round ${round}`);
      }
      busy = false;
      await Promise.all(load);
      assert.ok(answered > ROUNDS, "the other connections kept the responder busy");
    });
  });
