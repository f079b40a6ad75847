import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { DEFAULT_HTTP_LIMITS } from "../../src/http/handler.js";
import { type HttpServer, startHttpServer } from "../../src/http/server.js";
import { runCase } from "../support/http-case-runner.js";
import { CASE_LIMITS, echo, HTTP_CASES } from "../support/http-cases.js";
import { silentLog, uwsUnusable } from "../support/http-server.js";

suite("acceptor, uWS and http1 together", { skip: uwsUnusable() }, () => {
  let server: HttpServer;
  before(async () => {
    server = await startHttpServer({
      host: "127.0.0.1",
      port: 0,
      transport: "uws",
      limits: { ...DEFAULT_HTTP_LIMITS, ...CASE_LIMITS },
      handler: echo,
      log: silentLog,
    });
  });
  after(() => server.close(1_000));
  test("uWS is in use", () => assert.equal(server.transport, "uws"));
  for (const httpCase of HTTP_CASES) {
    test(`${httpCase.name}, whole`, () => runCase(server.port, httpCase, "whole"));
    test(`${httpCase.name}, bytewise`, { skip: httpCase.wholeOnUws ?? false }, () =>
      runCase(server.port, httpCase, "bytewise"),
    );
  }
});
