import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpHandler, HttpLimits } from "../../src/http/handler.js";
import type { HttpServer, TransportName } from "../../src/http/server.js";
import { DownloadClient } from "./download-client.js";
import { MadeUpRange, madeUp } from "./file-range.js";
import { GET, Held, start } from "./http-behaviours.js";
import { RawClient } from "./http-client.js";

/** More than any socket buffers hold. */
const ENDLESS = 2 ** 31;
const MOST_BUFFERED = 16 * 1024 * 1024;

interface Served {
  readonly port: number;
  readonly server: HttpServer;
  /** Content of `/file`. */
  readonly file: MadeUpRange;
  /** Everything else waits here. */
  readonly held: Held;
}

/** What every transport must do with a body that is part of a file. */
export function fileBehaviours(transport: TransportName): void {
  const serving = (
    name: string,
    { length = 3_000_001, ...limits }: Partial<HttpLimits> & { length?: number },
    body: (served: Served) => Promise<void>,
  ): void => {
    test(name, async () => {
      const file = new MadeUpRange(length);
      const held = new Held();
      const handler: HttpHandler = (request, reply) => {
        if (request.target === "/file") reply.sendFile(206, [["X-A", "b"]], file);
        else held.handler(request, reply);
      };
      const server = await start(transport, handler, limits);
      try {
        await body({ port: server.port, server, file, held });
      } finally {
        await server.close(0);
      }
    });
  };

  for (const version of ["1.0", "1.1"])
    for (const length of [1, 16_384, 65_536, 65_537, 3_000_001])
      serving(
        `${length} octets of a file arrive as they are, HTTP/${version}`,
        { length },
        async ({ port, file }) => {
          let isRight = true;
          let at = 0;
          const client = await DownloadClient.start(port, GET("/file", version), (piece) => {
            isRight &&= madeUp(at, piece.length).equals(piece);
            at += piece.length;
          });
          assert.ok(await client.until(length));
          await file.untilClosed();
          assert.deepEqual([client.status, client.received, isRight, file.closed], [206, length, true, 1]);
          assert.equal(client.field("content-length"), String(length));
          assert.equal(client.field("x-a"), "b");
          client.socket.destroy();
        },
      );

  serving("HEAD says a file's length and reads nothing (F14)", {}, async ({ port, file, held }) => {
    for (const version of ["1.0", "1.1"]) {
      const client = await RawClient.connect(port);
      await client.send(
        GET("/file", version)
          .replace("GET", "HEAD")
          .replace("\r\n\r\n", "\r\nConnection: keep-alive\r\n\r\n"),
      );
      const answer = await client.answer(true);
      assert.deepEqual([answer?.status, answer?.fields.get("content-length")], [206, "3000001"]);
      held.replies.clear();
      await client.send(GET("/next"));
      await held.answer("/next");
      assert.equal((await client.answer())?.body, "/next");
      await client.close();
    }
    assert.deepEqual([file.readTo, file.closed], [0, 2]);
  });

  for (const version of ["1.0", "1.1"])
    serving(
      `a client that does not read costs no more than socket buffers, HTTP/${version}`,
      { length: ENDLESS },
      async ({ port, file, held }) => {
        const client = await DownloadClient.start(port, GET("/file", version));
        client.pause();
        const other = await RawClient.connect(port);
        for (let i = 0; i < 200; i++) {
          await other.send(GET(`/${i}`));
          await held.answer(`/${i}`);
          assert.equal((await other.answer())?.body, `/${i}`);
        }
        assert.ok(file.readTo > 0 && file.readTo < MOST_BUFFERED, String(file.readTo));
        client.resume();
        assert.ok(await client.until(4 * MOST_BUFFERED), "goes on when it reads again");
        client.socket.destroy();
        await other.close();
        await file.untilClosed();
        assert.equal(file.closed, 1);
      },
    );

  serving(
    "others are answered while a fast download runs",
    { length: ENDLESS },
    async ({ port, file, held }) => {
      const client = await DownloadClient.start(port, GET("/file"));
      await client.until(1);
      const other = await RawClient.connect(port);
      await other.send(GET("/other"));
      await held.answer("/other");
      assert.equal((await other.answer())?.body, "/other");
      assert.equal(file.closed, 0, "the download is still under way");
      client.socket.destroy();
      await other.close();
    },
  );

  for (const version of ["1.0", "1.1"])
    serving(
      `an abort in the middle closes the file once, HTTP/${version}`,
      { length: ENDLESS },
      async ({ port, file, held }) => {
        const client = await DownloadClient.start(port, GET("/file", version));
        await client.until(1_000_000);
        client.socket.resetAndDestroy();
        await file.untilClosed();
        const next = await RawClient.connect(port);
        await next.send(GET("/next"));
        await held.answer("/next");
        await next.answer();
        await next.close();
        assert.equal(file.closed, 1);
      },
    );

  for (const version of ["1.0", "1.1"])
    serving(`a file that ends early cuts the connection, HTTP/${version}`, {}, async ({ port, file }) => {
      file.failsFrom = 1_500_000;
      const client = await DownloadClient.start(port, GET("/file", version));
      await client.ended;
      assert.equal(client.field("content-length"), "3000001");
      assert.ok(client.received <= 1_500_000, "nothing is padded");
      assert.equal(file.closed, 1);
    });

  for (const version of ["1.0", "1.1"])
    serving(`a file that cannot be read at all is no answer, HTTP/${version}`, {}, async ({ port, file }) => {
      file.failsFrom = 0;
      const client = await DownloadClient.start(port, GET("/file", version));
      await Promise.race([client.until(1), client.ended]);
      assert.ok(client.status === 500 || client.received === 0);
      assert.equal(file.closed, 1);
      client.socket.destroy();
    });

  serving(
    "close cuts a download after the drain, once",
    { length: ENDLESS },
    async ({ port, server, file }) => {
      const client = await DownloadClient.start(port, GET("/file"));
      await client.until(1);
      await Promise.all([server.close(0), client.ended]);
      assert.equal(file.closed, 1);
    },
  );

  serving("close lets a download under way finish", {}, async ({ port, server, file }) => {
    const client = await DownloadClient.start(port, GET("/file"));
    await client.until(1);
    const closed = server.close(60_000, 0);
    client.pause();
    client.resume();
    assert.ok(await client.until(file.length));
    client.socket.end();
    await closed;
    assert.equal(file.closed, 1);
  });

  serving(
    "a reader without progress is cut in time",
    { length: ENDLESS, idleTimeoutMs: 300 },
    async ({ port, file }) => {
      for (const version of ["1.1", "1.0"]) {
        file.closed = 0;
        const client = await DownloadClient.start(port, GET("/file", version));
        client.pause();
        await file.untilClosed();
        client.resume();
        await client.ended;
        assert.equal(file.closed, 1);
      }
    },
  );

  serving("requests behind a download are answered behind it", {}, async ({ port, file, held }) => {
    const client = await RawClient.connect(port);
    await client.send(GET("/file") + GET("/1") + GET("/2"));
    assert.equal((await client.answer())?.body.length, file.length);
    await held.answer("/2");
    await held.answer("/1");
    for (const target of ["/1", "/2"]) assert.equal((await client.answer())?.body, target);
    await client.close();
    assert.equal(file.closed, 1);
  });

  serving(
    "requests behind a download are not taken up before its end",
    { length: ENDLESS },
    async (served) => {
      const { port, held } = served;
      const client = await DownloadClient.start(port, GET("/file") + GET("/behind"));
      await client.until(1);
      const other = await RawClient.connect(port);
      await other.send(GET("/other"));
      await held.answer("/other");
      await other.answer();
      assert.ok(!held.replies.has("/behind"));
      client.socket.destroy();
      await other.close();
    },
  );

  serving("a connection serves on after a download", {}, async ({ port, file, held }) => {
    const client = await RawClient.connect(port);
    for (const round of [1, 2]) {
      file.closed = 0;
      await client.send(GET("/file"));
      assert.equal((await client.answer())?.body.length, file.length);
      await client.send(GET(`/${round}`));
      await held.answer(`/${round}`);
      assert.equal((await client.answer())?.body, `/${round}`);
      assert.equal(file.closed, 1);
    }
    await client.close();
  });

  serving("a file given late, twice or to nobody is closed", {}, async ({ port, held }) => {
    const client = await RawClient.connect(port);
    await client.send(GET("/a"));
    const reply = await held.reply("/a");
    const [first, second] = [new MadeUpRange(100_000), new MadeUpRange(100_000)];
    reply.sendFile(200, [], first);
    reply.sendFile(200, [], second);
    reply.send(200, [], Buffer.from("no"));
    assert.equal(second.closed, 1);
    assert.equal((await client.answer())?.body.length, 100_000);
    await client.send(GET("/gone"));
    const gone = await held.reply("/gone");
    client.socket.resetAndDestroy();
    while (!gone.aborted) await new Promise(setImmediate);
    const third = new MadeUpRange(100_000);
    gone.sendFile(200, [], third);
    assert.deepEqual([first.closed, second.closed, third.closed, third.readTo], [1, 1, 1, 0]);
  });

  serving("a file whose turn never comes is closed", {}, async ({ port, held }) => {
    const client = await RawClient.connect(port);
    await client.send(GET("/1") + GET("/2"));
    const [first, second] = [await held.reply("/1"), await held.reply("/2")];
    const file = new MadeUpRange(100_000);
    second.sendFile(200, [], file);
    client.socket.resetAndDestroy();
    await file.untilClosed();
    assert.deepEqual([first.aborted, file.closed, file.readTo], [true, 1, 0]);
  });
}
