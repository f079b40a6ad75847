import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pino } from "pino";
import { parseConfig, readConfig } from "../../src/core/config.js";
import { bindShared } from "../../src/responder/shared-socket.js";
import { Supervisor } from "../../src/responder/supervisor.js";
import { ocspLoad } from "../support/ocsp-load.js";
import { makeServedInstallation } from "../support/responder.js";

const ANSWERS = 50;

test("without the addon connections are handed over one by one; a reload fails no request", async (t) => {
  process.env.SEKISHO_LOG = "error";
  const installation = await makeServedInstallation((text) =>
    text.replace("workers = 2", 'workers = 1\ntransport = "http1"'),
  );
  t.after(() => installation.close());
  const certificate = await installation.issue();
  const source = readConfig(join(installation.dir, "sekisho.toml"));
  const logged: string[] = [];
  const log = pino({}, { write: (line: string) => logged.push(line) });
  const socket = await bindShared(undefined, "127.0.0.1", 0, (connection) => supervisor.give(connection));
  const supervisor: Supervisor = new Supervisor(
    source,
    parseConfig(source.text, source.file),
    2,
    socket,
    log,
  );
  await supervisor.start();
  const loads = (["1.0", "1.1"] as const).map((version) =>
    ocspLoad(socket.port, version, 4, installation.root.certificate, certificate),
  );
  await Promise.all(loads.map((load) => load.more(ANSWERS)));
  await supervisor.reload();
  assert.match(logged.at(-1) as string, /"msg":"responder reloaded"/);
  await Promise.all(loads.map((load) => load.more(ANSWERS)));
  for (const load of loads) {
    await load.stop();
    assert.deepEqual(load.failures, []);
  }
  assert.ok(await supervisor.isReady());
  socket.close();
  await supervisor.stop();
});
