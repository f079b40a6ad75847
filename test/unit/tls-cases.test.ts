import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { DEFAULT_HTTP_LIMITS } from "../../src/http/handler.js";
import { type HttpServer, startHttpServer } from "../../src/http/server.js";
import { runCase } from "../support/http-case-runner.js";
import { CASE_LIMITS, echo, HTTP_CASES } from "../support/http-cases.js";
import { silentLog } from "../support/http-server.js";
import { makeTlsFiles, tlsWire } from "../support/tls.js";

suite("http1 transport over TLS", () => {
  const directory = mkdtempSync(join(tmpdir(), "sekisho-tls-"));
  const tls = makeTlsFiles(directory, "localhost");
  const { connect } = tlsWire(tls);
  let server: HttpServer;
  before(async () => {
    server = await startHttpServer({
      host: "127.0.0.1",
      port: 0,
      transport: "uws",
      tls,
      limits: { ...DEFAULT_HTTP_LIMITS, ...CASE_LIMITS },
      handler: echo,
      log: silentLog,
    });
  });
  after(async () => {
    await server.close(1_000);
    rmSync(directory, { recursive: true });
  });
  test("whatever transport is wanted, our own serves HTTPS", () => assert.equal(server.transport, "http1"));
  for (const httpCase of HTTP_CASES)
    for (const delivery of ["whole", "bytewise"] as const)
      test(`${httpCase.name}, ${delivery}`, () => runCase(server.port, httpCase, delivery, connect));
});
