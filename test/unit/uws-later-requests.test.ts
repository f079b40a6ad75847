import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { HttpServer } from "../../src/http/server.js";
import { hasDigest, loadUws, UWS_BINARY_DIGESTS } from "../../src/http/uws-binary.js";
import { GET, start } from "../support/http-behaviours.js";
import { CASE_LIMITS, echo } from "../support/http-cases.js";
import { RawClient, type WireAnswer } from "../support/http-client.js";
import { uwsUnusable } from "../support/http-server.js";

/** After the hand-over uWS reads the connection's later requests by its own rules; what it lets through we refuse. */
suite("later requests on a uWS connection", { skip: uwsUnusable() }, () => {
  let server: HttpServer;
  before(async () => {
    server = await start("uws", echo, CASE_LIMITS);
  });
  after(() => server.close(0));

  /** Sends a plain request and, once it is answered by uWS, the segments. */
  async function later(
    ...segments: readonly string[]
  ): Promise<{ answer: WireAnswer | undefined; client: RawClient }> {
    const client = await RawClient.connect(server.port);
    await client.send(GET("/first"));
    assert.ok((await client.answer())?.fields.has("uwebsockets"), "served by uWS");
    for (const segment of segments) {
      await client.send(segment);
      await new Promise(setImmediate);
    }
    return { answer: await client.answer(segments[0]?.startsWith("HEAD")), client };
  }

  async function refuses(status: number, request: string): Promise<void> {
    const { answer, client } = await later(request);
    assert.equal(answer?.status, status);
    assert.equal(await client.rest(), "");
    await client.close();
  }

  const post = (fields: string, body: string): string =>
    `POST /p HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`;

  for (const length of ["1, 1", "1x", "x1", "+1", "-1", "0x1", "1.0", "1e0", ":", "/"])
    test(`Content-Length: ${length} gets 400 (P18)`, async () => {
      const { answer, client } = await later(post(`Content-Length: ${length}\r\n`, "a"));
      assert.equal(answer?.status, 400);
      await client.rest();
      await client.close();
    });
  test("Content-Length over the limit gets 413 (P18)", () =>
    refuses(413, post("Content-Length: 1001\r\n", "a")));
  test("a chunked body over the limit gets 413 (P18)", () =>
    refuses(413, post("Transfer-Encoding: chunked\r\n", `3e9\r\n${"a".repeat(1_001)}`)));
  test("Content-Length with Transfer-Encoding gets 400 (P18)", async () => {
    const both = post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n");
    const { answer, client } = await later(both);
    assert.equal(answer?.status, 400);
    await client.rest(); // uWS refuses it itself, with a body that has no length
    await client.close();
  });

  const SERVED: readonly (readonly [name: string, segments: readonly string[], body: string])[] = [
    ["GET", [GET("//x%2F?y=1")], "GET|//x%2F?y=1||"],
    ["an empty query", [GET("/x?")], "GET|/x?||"],
    ["POST", [post("Content-Type: a/b\r\nContent-Length: 3\r\n", "abc")], "POST|/p|abc|a/b"],
    ["POST in pieces", [post("Content-Length: 6\r\n", "a"), "bc", "def"], "POST|/p|abcdef|"],
    ["an empty POST", [post("Content-Length: 0\r\n", "")], "POST|/p||"],
    ["a chunked POST", [post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n")], "POST|/p|abc|"],
    ["an unknown method", ["FOO /p HTTP/1.1\r\nHost: a\r\n\r\n"], "FOO|/p||"],
  ];
  for (const [name, segments, body] of SERVED)
    test(`${name} is served`, async () => {
      const { answer, client } = await later(...segments);
      assert.equal(answer?.body, body);
      assert.deepEqual(answer?.repeated, []);
      await client.close();
    });

  test("HEAD has the length and no body (F14)", async () => {
    const { answer, client } = await later("HEAD /p HTTP/1.1\r\nHost: a\r\n\r\n");
    assert.equal(answer?.fields.get("content-length"), "9");
    await client.send(GET("/next"));
    assert.equal((await client.answer())?.body, "GET|/next||");
    await client.close();
  });

  test("304 has no length (F12)", async () => {
    const { answer, client } = await later(GET("/304"));
    assert.equal(answer?.status, 304);
    assert.ok(!answer?.fields.has("content-length"));
    await client.send(GET("/next"));
    assert.equal((await client.answer())?.body, "GET|/next||");
    await client.close();
  });

  test("the self-test names faults as data", () => {
    assert.ok(server.findings.length > 0);
    for (const { name, passed } of server.findings) assert.ok(name !== "" && typeof passed === "boolean");
    const [first] = server.findings;
    assert.deepEqual(first, { name: "request line in two segments, cut after octet 1", passed: true });
  });

  test("only a binary with the recorded digest is loaded", () => {
    const loaded = loadUws();
    assert.ok(loaded.uws !== undefined);
    const name = loaded.file.slice(loaded.file.lastIndexOf("/") + 1);
    assert.ok(hasDigest(loaded.file, UWS_BINARY_DIGESTS[name] ?? ""));
    assert.ok(!hasDigest(loaded.file, "0".repeat(64)));
  });
});
