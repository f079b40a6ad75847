import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { suite, test } from "node:test";
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from "../../src/http/handler.js";
import { Http1Transport } from "../../src/http/http1.js";
import { startHttpServer } from "../../src/http/server.js";
import { behaviours, GET, Held } from "../support/http-behaviours.js";
import { echo } from "../support/http-cases.js";
import { RawClient } from "../support/http-client.js";
import { silentLog } from "../support/http-server.js";

suite("http1 alone", () => {
  behaviours("http1");

  /** A connection to a transport of its own, and what its requests meet. */
  async function connection(limits: Partial<HttpLimits>, handler = echo): Promise<RawClient> {
    const transport = new Http1Transport(handler, { ...DEFAULT_HTTP_LIMITS, ...limits });
    const server = net.createServer({ allowHalfOpen: true }, (socket) => transport.attach(socket));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const client = await RawClient.connect((server.address() as net.AddressInfo).port);
    client.socket.once("close", () => {
      server.close();
      void transport.close(0, 0);
    });
    return client;
  }

  test("an idle connection is closed without an answer", async () => {
    const client = await connection({ idleTimeoutMs: 200 });
    await client.send(GET("/a"));
    assert.equal((await client.answer())?.status, 200);
    assert.equal(await client.rest(), "");
    await client.close();
  });

  test("a body that is not whole in time gets 408 (P19)", async () => {
    const client = await connection({ bodyTimeoutMs: 200 });
    await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
    assert.equal((await client.answer())?.status, 408);
    await client.close();
  });

  test("100 is sent to a client that waits for it (P20)", async () => {
    const client = await connection({});
    await client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
    assert.equal((await client.answer())?.status, 100);
    await client.send("ab");
    assert.equal((await client.answer())?.body, "POST|/|ab|");
    await client.close();
  });

  test("100 waits for the answers before it", async () => {
    const held = new Held();
    const client = await connection({}, held.handler);
    await client.send(GET("/first"));
    await client.send(
      "POST /second HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
    );
    await held.answer("/first");
    assert.equal((await client.answer())?.body, "/first");
    assert.equal((await client.answer())?.status, 100);
    await client.send("ab");
    await held.answer("/second");
    assert.equal((await client.answer())?.body, "/second");
    await client.close();
  });

  test("no 100 when the body is there, and none to HTTP/1.0", async () => {
    const client = await connection({});
    await client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab");
    assert.equal((await client.answer())?.status, 200);
    await client.send("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    await client.send("ab");
    assert.equal((await client.answer())?.status, 200);
    await client.close();
  });

  test("a missing addon is said once and everything works", async () => {
    const warnings: unknown[] = [];
    const log = silentLog.child({});
    log.warn = (...args: unknown[]) => warnings.push(args);
    const server = await startHttpServer({
      host: "127.0.0.1",
      port: 0,
      transport: "uws",
      limits: DEFAULT_HTTP_LIMITS,
      handler: echo,
      log,
      bindings: undefined,
    });
    assert.equal(server.transport, "http1");
    assert.equal(warnings.length, 1);
    const client = await RawClient.connect(server.port);
    await client.send(GET("/a"));
    assert.equal((await client.answer())?.status, 200);
    await client.close();
    await server.close(0);
  });
});
