import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import type { Certificate } from "../../src/x509/certificate.js";
import { fetchOnce } from "../support/fetch-once.js";
import { RawClient } from "../support/http-client.js";
import { ocspRequest } from "../support/ocsp-client.js";
import { ocspLoad, ocspPost } from "../support/ocsp-load.js";
import { clientPortsOf } from "../support/process-sockets.js";
import { makeServedInstallation, RunningResponder, type ServedInstallation } from "../support/responder.js";

const CONNECTIONS = 16;

describe("responder processes and their supervisor", () => {
  let installation: ServedInstallation;
  let certificate: Certificate;
  before(async () => {
    installation = await makeServedInstallation((text) => text.replace("workers = 2", "workers = 1"));
    certificate = await installation.issue();
  });
  after(() => installation.close());

  const load = (connections: number) =>
    ocspLoad(installation.port, "1.1", connections, installation.root.certificate, certificate);
  const start = async (t: TestContext, ...args: string[]): Promise<RunningResponder> => {
    const responder = await RunningResponder.start(installation.dir, ...args);
    t.after(() => responder.child.kill("SIGKILL"));
    return responder;
  };
  /** The sum over all labels. */
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetchOnce(`http://127.0.0.1:${installation.port + 1}/metrics`)).text();
    const samples = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "gm"))];
    return samples.reduce((sum, [, value]) => sum + Number(value), 0);
  };

  test("a killed process is restarted; only its own connections fail", async (t) => {
    const responder = await start(t, "--processes", "2");
    const clients = load(CONNECTIONS);
    await clients.more(20);
    const [killed, other] = responder.processes();
    const lost = clientPortsOf(killed as number);
    const from = responder.lines.length;
    process.kill(killed as number, "SIGKILL");
    await responder.logged(/^a responder process ended$/, from);
    await clients.more(20);
    const started = await responder.logged(/^responder process answers$/, from);
    assert.deepEqual(responder.processes(), [other, started.pid]);
    await clients.more(20);
    await clients.stop();
    for (const { why, localPort } of clients.failures)
      assert.ok(localPort !== undefined && lost.has(localPort), `${why} on port ${localPort}`);
    assert.equal(await metric("sekisho_responder_processes_wanted"), 2);
    assert.equal(await metric("sekisho_responder_restarts_total"), 1);
    assert.equal(await responder.stop(), 0);
  });

  test("what connects while the only process is dead is answered by the next one", async (t) => {
    const responder = await start(t);
    process.kill(responder.processes()[0] as number, "SIGKILL");
    await responder.logged(/^a responder process ended$/);
    const clients = load(4);
    await clients.more(2);
    await clients.stop();
    assert.deepEqual(clients.failures, []);
    assert.equal(await responder.stop(), 0);
  });

  test("a process that cannot start again is tried later and later", async (t) => {
    const responder = await start(t);
    const pin = join(installation.dir, "secrets", "ocsp.pin");
    const right = readFileSync(pin);
    writeFileSync(pin, "wrong");
    process.kill(responder.processes()[0] as number, "SIGKILL");
    await responder.logged(/^a responder process will be started/, 0, 3);
    writeFileSync(pin, right);
    await responder.logged(/^responder process answers$/, 0, 2);
    const delays = responder.lines.flatMap((line) => /"inMs":(\d+)/.exec(line)?.[1] ?? []).map(Number);
    assert.deepEqual(delays.slice(0, 3), [100, 200, 400]);
    assert.equal(responder.processes().length, 1);
    assert.equal(await responder.stop(), 0);
  });

  test("counts do not go down when a process is replaced or killed", async (t) => {
    const responder = await start(t);
    const clients = load(2);
    await clients.more(20);
    await clients.stop();
    const [first] = responder.processes();
    await responder.reload(/^responder reloaded$/);
    while (responder.processes().includes(first as number)) await new Promise(setImmediate);
    assert.equal(await metric("sekisho_ocsp_answers_total"), clients.answered);
    process.kill(responder.processes()[0] as number, "SIGKILL");
    await responder.logged(/^a responder process ended$/);
    assert.equal(await metric("sekisho_ocsp_answers_total"), clients.answered);
    assert.equal(await responder.stop(), 0);
  });

  test("SIGTERM answers what is under way, then ends with 0", async (t) => {
    const responder = await start(t, "--processes", "2");
    const request = ocspPost("1.1", ocspRequest(installation.root.certificate, [certificate.serialNumber]));
    const busy = await Promise.all(Array.from({ length: 4 }, () => RawClient.connect(installation.port)));
    for (const client of busy) client.socket.write(request.subarray(0, -1));
    const idle = await RawClient.connect(installation.port);
    idle.socket.write(request);
    assert.equal((await idle.answer())?.status, 200);
    const ended = responder.stop();
    await responder.logged(/^responder process drains$/, 0, 2);
    for (const client of busy) {
      client.socket.write(request.subarray(-1));
      const answer = await client.answer();
      assert.equal(answer?.status, 200);
      assert.equal(answer?.fields.get("connection"), "close");
    }
    assert.equal(await idle.rest(), "");
    await assert.rejects(RawClient.connect(installation.port), { code: "ECONNREFUSED" });
    for (const client of [...busy, idle]) await client.close();
    assert.equal(await ended, 0);
  });

  test("processes end when the supervisor is killed", async (t) => {
    const responder = await start(t, "--processes", "2");
    assert.equal(responder.processes().length, 2);
    responder.child.kill("SIGKILL");
    // Resolves once the last process has closed its end of the log.
    assert.equal(await responder.ended, "SIGKILL");
    await assert.rejects(RawClient.connect(installation.port), { code: "ECONNREFUSED" });
  });

  test("a taken port is PORT_TAKEN, exit 1", async (t) => {
    const responder = await start(t);
    const second = new RunningResponder(installation.dir);
    assert.equal(await second.ended, 1);
    assert.match(second.lines.join("\n"), /^error PORT_TAKEN: 127\.0\.0\.1:\d+ is taken/m);
    assert.equal(await responder.stop(), 0);
  });

  test("what keeps the first process from starting ends the supervisor with that error", async () => {
    writeFileSync(join(installation.dir, "secrets", "wrong.pin"), "wrong", { mode: 0o600 });
    installation.write(installation.text.replace("secrets/ocsp.pin", "secrets/wrong.pin"));
    const responder = new RunningResponder(installation.dir, "--processes", "2");
    assert.equal(await responder.ended, 1);
    assert.match(responder.lines.at(-1) as string, /^error TOKEN_PIN: /);
    installation.write(installation.text);
  });

  test("--processes 0 is refused, exit 2", async () => {
    const responder = new RunningResponder(installation.dir, "--processes", "0");
    assert.equal(await responder.ended, 2);
    assert.match(responder.lines.join("\n"), /^error USAGE: /m);
  });
});
