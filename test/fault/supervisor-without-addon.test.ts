import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pino } from "pino";
import { acceptConfig } from "../../src/responder/accepted-config.js";
import { bindAll } from "../../src/responder/shared-socket.js";
import { Supervisor } from "../../src/responder/supervisor.js";
import { RawClient } from "../support/http-client.js";
import { ocspLoad } from "../support/ocsp-load.js";
import { freePort } from "../support/quickstart.js";
import { makeServedInstallation } from "../support/responder.js";
import { makeTlsFiles } from "../support/tls.js";

const ANSWERS = 50;

test("without the addon connections are handed over one by one; a reload fails no request", async (t) => {
  process.env.SEKISHO_LOG = "error";
  const tlsPort = await freePort();
  const installation = await makeServedInstallation((text) =>
    text.replace(
      "workers = 2",
      `workers = 1\ntransport = "http1"\ntls_listen = "127.0.0.1:${tlsPort}"\ntls_certificate_file = "tls.pem"\ntls_key_file = "tls.key"`,
    ),
  );
  const tls = makeTlsFiles(installation.dir, "tls");
  t.after(() => installation.close());
  const certificate = await installation.issue();
  const logged: string[] = [];
  const log = pino({}, { write: (line: string) => logged.push(line) });
  const { accepted, config } = acceptConfig(join(installation.dir, "sekisho.toml"), log);
  const sockets = await bindAll(undefined, config.responder, (connection, port) =>
    supervisor.give(connection, port),
  );
  const supervisor: Supervisor = new Supervisor(accepted, config, 2, sockets, log);
  await supervisor.start();
  const secure = (port: number): Promise<RawClient> => RawClient.connectTls(port, tls.certificate);
  const loads = (["1.0", "1.1"] as const).flatMap((version) => [
    ocspLoad(sockets.http.port, version, 4, installation.root.certificate, certificate),
    ocspLoad(sockets.https?.port ?? 0, version, 4, installation.root.certificate, certificate, secure),
  ]);
  await Promise.all(loads.map((load) => load.more(ANSWERS)));
  await supervisor.reload();
  assert.match(logged.at(-1) as string, /"msg":"responder reloaded"/);
  await Promise.all(loads.map((load) => load.more(ANSWERS)));
  for (const load of loads) {
    await load.stop();
    assert.deepEqual(load.failures, []);
  }
  assert.ok(await supervisor.isReady());
  sockets.http.close();
  sockets.https?.close();
  await supervisor.stop();
});
