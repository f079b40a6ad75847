import assert from "node:assert/strict";
import { test } from "node:test";
import { isSekishoError } from "../../src/core/errors.js";
import {
  DEFAULT_HTTP_LIMITS,
  type HttpHandler,
  type HttpLimits,
  type HttpReply,
} from "../../src/http/handler.js";
import { type HttpServer, startHttpServer, type TransportName } from "../../src/http/server.js";
import type { TlsIdentity } from "../../src/http/tls.js";
import { type Connect, RawClient } from "./http-client.js";
import { silentLog } from "./http-server.js";

export const GET = (target: string, version = "1.1"): string =>
  `GET ${target} HTTP/${version}\r\nHost: localhost\r\n\r\n`;

/** A handler that keeps replies by target until the test answers them. */
export class Held {
  readonly replies = new Map<string, HttpReply>();
  #arrived: () => void = () => {};

  readonly handler: HttpHandler = ({ target }, reply) => {
    this.replies.set(target, reply);
    this.#arrived();
  };

  async reply(target: string): Promise<HttpReply> {
    for (;;) {
      const reply = this.replies.get(target);
      if (reply !== undefined) return reply;
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }

  async answer(target: string): Promise<void> {
    (await this.reply(target)).send(200, [], Buffer.from(target));
  }
}

export const start = (
  transport: TransportName,
  handler: HttpHandler,
  limits: Partial<HttpLimits> = {},
  port = 0,
  tls?: TlsIdentity,
): Promise<HttpServer> =>
  startHttpServer({
    host: "127.0.0.1",
    port,
    transport,
    tls,
    limits: { ...DEFAULT_HTTP_LIMITS, ...limits },
    handler,
    log: silentLog,
  });

/** What lies between client and server. */
export interface Wire {
  readonly connect: Connect;
  readonly tls?: TlsIdentity;
  /** A deadline that may pass in a test and that setting up a connection keeps. */
  readonly shortMs: number;
}

const PLAIN: Wire = { connect: (port) => RawClient.connect(port), shortMs: 200 };

/** Runs `body` against a fresh server and stops it afterwards. */
async function withServer(
  transport: TransportName,
  wire: Wire,
  handler: HttpHandler,
  limits: Partial<HttpLimits>,
  body: (server: HttpServer) => Promise<void>,
): Promise<void> {
  const server = await start(transport, handler, limits, 0, wire.tls);
  try {
    await body(server);
  } finally {
    await server.close(0);
  }
}

/** What every transport must do over time, whoever serves the connection. */
export function behaviours(transport: TransportName, wire = PLAIN): void {
  const serving = (
    name: string,
    limits: Partial<HttpLimits>,
    body: (port: number, held: Held, server: HttpServer) => Promise<void>,
  ): void => {
    test(name, () => {
      const held = new Held();
      return withServer(transport, wire, held.handler, limits, (server) => body(server.port, held, server));
    });
  };

  serving("delayed answers to pipelined requests come in order", {}, async (port, held) => {
    const client = await wire.connect(port);
    await client.send(GET("/1") + GET("/2") + GET("/3"));
    await held.answer("/3");
    await held.answer("/2");
    await held.answer("/1");
    for (const target of ["/1", "/2", "/3"]) assert.equal((await client.answer())?.body, target);
    await client.close();
  });

  serving("no more than 16 requests of a connection are under way", {}, async (port, held) => {
    const targets = Array.from({ length: 40 }, (_, i) => `/${i}`);
    const client = await wire.connect(port);
    await client.send(targets.map((target) => GET(target)).join(""));
    await held.reply("/15");
    assert.equal(held.replies.size, 16);
    for (const target of targets) await held.answer(target);
    for (const target of targets) assert.equal((await client.answer())?.body, target);
    await client.close();
  });

  for (const version of ["1.0", "1.1"])
    serving(`a client that closes its side gets its answer, HTTP/${version}`, {}, async (port, held) => {
      const client = await wire.connect(port);
      client.socket.end(GET("/a", version));
      await held.answer("/a");
      assert.equal((await client.answer())?.status, 200);
      assert.equal(await client.rest(), "");
      await client.close();
    });

  for (const version of ["1.0", "1.1"])
    serving(`after an abort nothing is written, HTTP/${version}`, {}, async (port, held) => {
      const client = await wire.connect(port);
      await client.send(GET("/gone", version));
      const reply = await held.reply("/gone");
      // Not while the server is reading: Node's TLS then learns of the reset by its next write only.
      await new Promise(setImmediate);
      client.reset();
      while (!reply.aborted) await new Promise(setImmediate);
      reply.send(200, [], Buffer.from("late"));
      const next = await wire.connect(port);
      await next.send(GET("/next"));
      await held.answer("/next");
      assert.equal((await next.answer())?.body, "/next");
      await next.close();
    });

  serving("a second answer to one request is ignored", {}, async (port, held) => {
    const client = await wire.connect(port);
    await client.send(GET("/a"));
    await held.answer("/a");
    await held.answer("/a");
    assert.equal((await client.answer())?.body, "/a");
    client.halfClose();
    assert.equal(await client.rest(), "");
    await client.close();
  });

  serving(
    "a head that is not whole in time gets 408 (P19)",
    { headTimeoutMs: wire.shortMs },
    async (port) => {
      const client = await wire.connect(port);
      await client.send("GET / HTTP/1.1\r\nHost:");
      assert.equal((await client.answer())?.status, 408);
      assert.equal(await client.rest(), "");
      await client.close();
    },
  );

  serving("a connection without a byte is closed in time", { headTimeoutMs: wire.shortMs }, async (port) => {
    const client = await wire.connect(port);
    assert.equal(await client.rest(), "");
    await client.close();
  });

  serving("413 reaches a client that goes on sending (P18)", {}, async (port) => {
    const client = await wire.connect(port);
    await client.send(
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n${"a".repeat(3_000_000)}`,
    );
    assert.equal((await client.answer())?.status, 413);
    await client.close();
  });

  test("a large answer arrives whole", () => {
    const large = Buffer.alloc(5_000_000, "x");
    return withServer(
      transport,
      wire,
      (_, reply) => reply.send(200, [], large),
      {},
      async ({ port }) => {
        for (const version of ["1.0", "1.1"]) {
          const client = await wire.connect(port);
          await client.send(GET("/", version));
          assert.equal((await client.answer())?.body.length, large.length);
          await client.close();
        }
      },
    );
  });

  test("a handler that throws costs a 500", () => {
    const thrower: HttpHandler = () => {
      throw new Error("fault of the handler");
    };
    return withServer(transport, wire, thrower, {}, async ({ port }) => {
      for (const version of ["1.0", "1.1"]) {
        const client = await wire.connect(port);
        await client.send(GET("/", version));
        assert.equal((await client.answer())?.status, 500);
        await client.close();
      }
    });
  });

  test("the peer's address is text", () =>
    withServer(
      transport,
      wire,
      ({ peer }, reply) => reply.send(200, [], Buffer.from(peer)),
      {},
      async ({ port }) => {
        for (const version of ["1.0", "1.1"]) {
          const client = await wire.connect(port);
          await client.send(GET("/", version));
          assert.equal((await client.answer())?.body, "127.0.0.1");
          await client.close();
        }
      },
    ));

  serving("a taken port is PORT_TAKEN", {}, async (port, held) => {
    await assert.rejects(
      start(transport, held.handler, {}, port, wire.tls),
      (error) => isSekishoError(error, "PORT_TAKEN") && error.message.includes(`127.0.0.1:${port}`),
    );
  });

  serving("a peer has a bounded number of connections", { maxConnectionsPerPeer: 2 }, async (port, held) => {
    const isServed = async (client: RawClient, target: string): Promise<boolean> => {
      await client.send(GET(target));
      const answer = client.answer();
      const handled = held.answer(target);
      const served = (await Promise.race([answer, handled.then(() => answer)]))?.status === 200;
      if (!served) held.replies.delete(target);
      return served;
    };
    const first = await wire.connect(port);
    const second = await wire.connect(port);
    assert.ok(await isServed(first, "/1"));
    assert.ok(await isServed(second, "/2"));
    const third = await wire.connect(port);
    assert.ok(!(await isServed(third, "/3")));
    await first.close();
    for (let attempt = 4; ; attempt++) {
      const client = await wire.connect(port);
      const served = await isServed(client, `/${attempt}`);
      await client.close();
      if (served) break;
    }
    await Promise.all([second.close(), third.close()]);
  });

  for (const version of ["1.0", "1.1"])
    serving(`close lets a request under way finish, HTTP/${version}`, {}, async (port, held, server) => {
      const busy = await wire.connect(port);
      await busy.send(GET("/busy", version));
      const idle = await wire.connect(port);
      await idle.send(GET("/idle"));
      await held.answer("/idle");
      await idle.answer();
      await held.reply("/busy");
      const closed = server.close(60_000, 0);
      await held.answer("/busy");
      const answer = await busy.answer();
      assert.equal(answer?.body, "/busy");
      assert.equal(answer?.fields.get("connection"), "close");
      assert.equal(await idle.rest(), "");
      await Promise.all([busy.close(), idle.close(), closed]);
      await assert.rejects(wire.connect(port), { code: "ECONNREFUSED" });
    });

  for (const version of ["1.0", "1.1"])
    serving(
      `close answers the next request of a connection, HTTP/${version}`,
      {},
      async (port, held, server) => {
        const request = (target: string) =>
          GET(target, version).replace("\r\n\r\n", "\r\nConnection: keep-alive\r\n\r\n");
        const idle = await wire.connect(port);
        await idle.send(request("/first"));
        await held.answer("/first");
        assert.notEqual((await idle.answer())?.fields.get("connection"), "close");
        const closed = server.close(60_000);
        await idle.send(request("/next"));
        await held.answer("/next");
        const answer = await idle.answer();
        assert.equal(answer?.body, "/next");
        assert.equal(answer?.fields.get("connection"), "close");
        assert.equal(await idle.rest(), "");
        await Promise.all([idle.close(), closed]);
      },
    );

  serving("close answers a connection that has sent nothing yet", {}, async (port, held, server) => {
    const fresh = await wire.connect(port);
    // Once a later connection is served, the earlier one has been accepted.
    const later = await wire.connect(port);
    await later.send(GET("/later"));
    await held.answer("/later");
    await later.answer();
    await later.close();
    const closed = server.close(60_000);
    await fresh.send(GET("/fresh"));
    await held.answer("/fresh");
    const answer = await fresh.answer();
    assert.equal(answer?.body, "/fresh");
    assert.equal(answer?.fields.get("connection"), "close");
    await Promise.all([fresh.close(), closed]);
  });
}
