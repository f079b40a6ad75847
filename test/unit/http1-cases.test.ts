import { once } from "node:events";
import net from "node:net";
import { after, before, suite, test } from "node:test";
import { DEFAULT_HTTP_LIMITS } from "../../src/http/handler.js";
import { Http1Transport } from "../../src/http/http1.js";
import { runCase } from "../support/http-case-runner.js";
import { CASE_LIMITS, echo, HTTP_CASES } from "../support/http-cases.js";

suite("http1 transport", () => {
  const transport = new Http1Transport(echo, { ...DEFAULT_HTTP_LIMITS, ...CASE_LIMITS });
  const server = net.createServer({ allowHalfOpen: true }, (socket) => transport.attach(socket));
  let port = 0;
  before(async () => {
    await once(server.listen(0, "127.0.0.1"), "listening");
    port = (server.address() as net.AddressInfo).port;
  });
  after(async () => {
    server.close();
    await transport.close(0, 0);
  });
  for (const httpCase of HTTP_CASES)
    for (const delivery of ["whole", "bytewise"] as const)
      test(`${httpCase.name}, ${delivery}`, () => runCase(port, httpCase, delivery));
});
