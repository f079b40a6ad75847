import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { DEFAULT_HTTP_LIMITS, type HttpHandler, type HttpLimits } from "../../src/http/handler.js";
import { Http1Transport } from "../../src/http/http1.js";
import type { HttpServer } from "../../src/http/server.js";
import { TlsLayer } from "../../src/http/tls.js";
import { MadeUpRange, madeUp } from "../support/file-range.js";
import { behaviours, GET, Held, start } from "../support/http-behaviours.js";
import { echo } from "../support/http-cases.js";
import { RawClient } from "../support/http-client.js";
import { makeTlsFiles, tlsWire } from "../support/tls.js";

suite("HTTPS", () => {
  const directory = mkdtempSync(join(tmpdir(), "sekisho-tls-"));
  const tls = makeTlsFiles(directory, "localhost");
  after(() => rmSync(directory, { recursive: true }));
  const connect = (port: number, options: ConnectionOptions = {}): Promise<RawClient> =>
    RawClient.connectTls(port, tls.certificate, options);

  behaviours("http1", tlsWire(tls));

  const serving = (
    name: string,
    limits: Partial<HttpLimits>,
    body: (server: HttpServer) => Promise<void>,
  ): void => {
    test(name, async () => {
      const server = await start("http1", echo, limits, 0, tls);
      try {
        await body(server);
      } finally {
        await server.close(0);
      }
    });
  };

  /** What the handshake ended in: the protocol, or undefined if the server refused. */
  async function handshake(port: number, options: ConnectionOptions): Promise<string | undefined> {
    const client = await connect(port, options);
    await client.send(GET("/a"));
    const answer = await client.answer();
    const socket = client.socket as TLSSocket;
    const protocol = answer === undefined ? undefined : `${socket.getProtocol()} ${socket.alpnProtocol}`;
    await client.close();
    return protocol;
  }

  test("a file goes through TLS as it is; an abort in the middle closes it (F20)", async () => {
    const files = [new MadeUpRange(3_000_001), new MadeUpRange(2 ** 31)] as const;
    const handler: HttpHandler = ({ target }, reply) =>
      reply.sendFile(200, [], files[target === "/whole" ? 0 : 1]);
    const server = await start("http1", handler, {}, 0, tls);
    const client = await connect(server.port);
    await client.send(GET("/whole"));
    const answer = await client.answer();
    assert.ok(Buffer.from(answer?.body ?? "", "latin1").equals(madeUp(0, files[0].length)));
    await client.send(GET("/endless"));
    await once(client.socket, "data");
    client.socket.destroy();
    await files[1].untilClosed();
    await server.close(0);
    assert.deepEqual(
      files.map(({ closed }) => closed),
      [1, 1],
    );
  });

  serving("TLS 1.2 and 1.3 alone, with forward secrecy (RFC 9325)", {}, async ({ port }) => {
    const version = (name: "TLSv1.1" | "TLSv1.2" | "TLSv1.3"): ConnectionOptions => ({
      minVersion: name,
      maxVersion: name,
      // OpenSSL's own lowest level, so that the client would take an old version.
      ciphers: "DEFAULT@SECLEVEL=0",
    });
    assert.equal(await handshake(port, version("TLSv1.1")), undefined);
    assert.equal(await handshake(port, version("TLSv1.2")), "TLSv1.2 false");
    assert.equal(await handshake(port, version("TLSv1.3")), "TLSv1.3 false");
    for (const ciphers of ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "NULL"])
      assert.equal(
        await handshake(port, { maxVersion: "TLSv1.2", ciphers: `${ciphers}@SECLEVEL=0` }),
        undefined,
      );
  });

  serving("ALPN: HTTP/1.1 and 1.0; another protocol is refused (RFC 7301)", {}, async ({ port }) => {
    assert.equal(await handshake(port, { ALPNProtocols: ["h2", "http/1.1"] }), "TLSv1.3 http/1.1");
    assert.equal(await handshake(port, { ALPNProtocols: ["http/1.0"] }), "TLSv1.3 http/1.0");
    assert.equal(await handshake(port, { ALPNProtocols: ["h2"] }), undefined);
  });

  serving("a session is resumed by its ticket", {}, async ({ port }) => {
    const first = await connect(port);
    const ticket = once(first.socket, "session");
    await first.send(GET("/a"));
    const [session] = await ticket;
    const again = await connect(port, { session });
    assert.ok((again.socket as TLSSocket).isSessionReused());
    await Promise.all([first.close(), again.close()]);
  });

  serving("a client may not renegotiate", {}, async ({ port }) => {
    const client = spawn("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, "-tls1_2"], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    let output = "";
    const seen = async (pattern: RegExp): Promise<void> => {
      while (!pattern.test(output))
        await Promise.race([once(client.stdout, "data"), once(client.stderr, "data")]);
    };
    for (const stream of [client.stdout, client.stderr])
      stream.on("data", (text) => {
        output += text;
      });
    await seen(/Verify return code/);
    client.stdin.write("R\n");
    await seen(/no renegotiation/);
    client.kill("SIGKILL");
    await once(client, "exit");
    const next = await connect(port);
    await next.send(GET("/a"));
    assert.equal((await next.answer())?.status, 200);
    await next.close();
  });

  /** The connection is closed, and another client is served. */
  async function isClosedAlone(port: number, socket: net.Socket): Promise<void> {
    const closed = once(socket.resume(), "close");
    const other = await connect(port);
    await other.send(GET("/a"));
    assert.equal((await other.answer())?.status, 200);
    await other.close();
    await closed;
  }

  const CLIENT_HELLO_START = Buffer.from("1603010200010001fc0303", "hex");

  for (const [what, bytes] of [
    ["plain HTTP", Buffer.from(GET("/a"))],
    ["octets at random", Buffer.from("5a13c8e1f004729b".repeat(64), "hex")],
    ["a record of 64 KiB", Buffer.from("160301ffff", "hex")],
    ["a record that is no handshake", Buffer.from("17030300051234567890", "hex")],
  ] as const)
    serving(`${what} instead of a ClientHello ends that connection alone`, {}, async ({ port }) => {
      const socket = net.connect({ port, host: "127.0.0.1" }).on("error", () => {});
      socket.write(bytes);
      await isClosedAlone(port, socket);
    });

  const SHORT = { headTimeoutMs: 2_000 };

  serving("a client that sends no octet is closed at the deadline (P19)", SHORT, async ({ port }) => {
    await isClosedAlone(port, net.connect({ port, host: "127.0.0.1" }));
  });

  serving("a ClientHello octet by octet does not put the deadline off (P19)", SHORT, async ({ port }) => {
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true }).on("error", () => {});
    socket.write(CLIENT_HELLO_START);
    const drip = setInterval(() => socket.write(Buffer.of(0)), 50);
    await isClosedAlone(port, socket);
    clearInterval(drip);
  });

  serving(
    "a peer's half-open handshakes count as its connections",
    { maxConnectionsPerPeer: 1 },
    async ({ port }) => {
      const first = net.connect({ port, host: "127.0.0.1" }).on("error", () => {});
      await once(first, "connect");
      const second = net.connect({ port, host: "127.0.0.1" }).on("error", () => {});
      await once(second.resume(), "close");
      first.destroy();
    },
  );

  test("beyond the number of handshakes the oldest ends", async () => {
    const http1 = new Http1Transport(echo, DEFAULT_HTTP_LIMITS);
    const layer = new TlsLayer(tls, http1, DEFAULT_HTTP_LIMITS, 2);
    const server = net.createServer({ allowHalfOpen: true }, (socket) => layer.attach(socket));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as net.AddressInfo;
    const open = async (): Promise<{ socket: net.Socket; closed: Promise<unknown> }> => {
      const socket = net.connect({ port, host: "127.0.0.1" }).on("error", () => {});
      const closed = once(socket.resume(), "close");
      await Promise.all([once(socket, "connect"), once(server, "connection")]);
      return { socket, closed };
    };
    const [first, { socket: second }] = [await open(), await open()];
    const client = await connect(port);
    await first.closed;
    await client.send(GET("/a"));
    assert.equal((await client.answer())?.status, 200);
    assert.equal(second.closed, false);
    second.destroy();
    await client.close();
    server.close();
    await http1.close(0, 0);
  });

  test("close waits for a handshake and answers its first request", async () => {
    const held = new Held();
    const server = await start("http1", held.handler, {}, 0, tls);
    const transport = net.connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
    await once(transport, "connect");
    // Once a later connection is served, the earlier one has been accepted.
    const later = await connect(server.port);
    await later.send(GET("/later"));
    await held.answer("/later");
    await later.answer();
    await later.close();
    const closed = server.close(60_000);
    const client = await RawClient.connectTls(server.port, tls.certificate, { socket: transport });
    await client.send(GET("/a"));
    await held.answer("/a");
    const answer = await client.answer();
    assert.equal(answer?.body, "/a");
    assert.equal(answer?.fields.get("connection"), "close");
    await Promise.all([client.close(), closed]);
  });
});
