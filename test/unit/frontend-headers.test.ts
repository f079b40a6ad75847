import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { parseHttpDate } from "../../src/http/http-date.js";
import { randomSerial } from "../../src/x509/serial.js";
import { enrol, type Installation, makeInstallation, TestClock } from "../support/installation.js";
import { ocspRequest } from "../support/ocsp-client.js";
import { getTarget, type Sent, TestResponder } from "../support/test-responder.js";

/** Header fields of RFC 9919 section 6 and conditional requests (standards F5 to F14, D5). */

const DAY = 86_400;
const MAX_AGE = 300;

describe("header fields", () => {
  const clock = new TestClock();
  let installation: Installation;
  let responder: TestResponder;
  let request: Buffer;
  let target: string;
  before(async () => {
    installation = await makeInstallation(undefined, clock);
    await enrol(installation);
    responder = new TestResponder(installation);
    request = ocspRequest(installation.root.certificate, [(await installation.issue()).serialNumber]);
    target = getTarget(request);
  });
  after(() => installation.close());

  const etagOf = (body: Uint8Array) => `"${createHash("sha256").update(body).digest("hex")}"`;
  const date = (sent: Sent, name: string): number => {
    const seconds = parseHttpDate(sent.fields[name] ?? "");
    assert.ok(seconds !== undefined, `${name} is an IMF-fixdate (F11)`);
    return seconds;
  };

  test("GET, from the worker and from the cache", async () => {
    const thisUpdate = clock.seconds;
    const answers = [await responder.get(target)];
    clock.advance(60);
    answers.push(await responder.get(target), await responder.send({ method: "HEAD", target }));
    for (const sent of answers) {
      assert.deepEqual(sent.fields, answers[0]?.fields);
      assert.deepEqual(sent.body, answers[0]?.body);
      assert.equal(sent.fields["content-type"], "application/ocsp-response");
      assert.equal(sent.fields.etag, etagOf(sent.body));
      assert.equal(sent.fields["cache-control"], `max-age=${MAX_AGE}, public, no-transform, must-revalidate`);
      assert.equal(date(sent, "last-modified"), thisUpdate);
      assert.equal(date(sent, "expires"), thisUpdate + 4 * DAY);
    }
    assert.deepEqual(responder.counted, ["GET good", "GET cached", "GET cached"]);
  });

  test("Range is ignored on OCSP (P22)", async () => {
    for (const range of ["bytes=0-4", "bytes=999999-"]) {
      const sent = await responder.get(target, { range });
      assert.deepEqual([sent.status, sent.fields["content-range"]], [200, undefined]);
      assert.equal(sent.fields.etag, etagOf(sent.body));
    }
  });

  test("304 to GET and HEAD: If-None-Match first, then If-Modified-Since (F12, P23)", async () => {
    const { fields } = await responder.get(target);
    const etag = fields.etag as string;
    const modified = fields["last-modified"] as string;
    const before = new Date(Date.parse(modified) - 1000).toUTCString();
    const future = new Date(clock.nowMs() + 1_000_000).toUTCString();
    const cases: [Record<string, string>, number][] = [
      [{ "if-none-match": etag }, 304],
      [{ "if-none-match": `W/${etag}` }, 304],
      [{ "if-none-match": `"x", ${etag}` }, 304],
      [{ "if-none-match": "*" }, 304],
      [{ "if-none-match": '"x"', "if-modified-since": modified }, 200],
      [{ "if-modified-since": modified }, 304],
      [{ "if-modified-since": before }, 200],
      [{ "if-modified-since": future }, 200],
      [{ "if-modified-since": "yesterday" }, 200],
    ];
    for (const method of ["GET", "HEAD"])
      for (const [headers, status] of cases) {
        const sent = await responder.send({ method, target, headers });
        assert.equal(sent.status, status, JSON.stringify(headers));
        assert.equal(sent.body.length > 0, status === 200);
        assert.deepEqual(sent.fields, fields, "a 304 has the same fields");
      }
  });

  test("a conditional GET that a worker answers is judged by the fields it came with", async () => {
    const own = new TestResponder(installation);
    assert.equal((await own.get(target, { "if-none-match": "*" })).status, 304);
  });

  test("never 304 to POST, and no validators on it (F13)", async () => {
    for (const headers of [
      { "if-none-match": "*" },
      { "if-modified-since": new Date(clock.nowMs()).toUTCString() },
    ]) {
      const { status, fields } = await responder.post(request, headers);
      assert.equal(status, 200);
      assert.deepEqual(fields, { "content-type": "application/ocsp-response" });
    }
  });

  test("answers with a nonce or about unknown serials say max-age=0, and not no-store (F10)", async () => {
    const { certificate } = installation.root;
    const serial = (await installation.issue()).serialNumber;
    const nonce = ocspRequest(certificate, [serial], Buffer.alloc(16, 7));
    for (const bytes of [nonce, ocspRequest(certificate, [randomSerial()])]) {
      const { fields } = await responder.get(getTarget(bytes));
      assert.equal(fields["cache-control"], "max-age=0, public, no-transform, must-revalidate");
    }
  });

  test("unsigned answers to GET are not to be stored", async () => {
    const { status, fields } = await responder.get(getTarget(Buffer.from("3003020100", "hex")));
    assert.equal(status, 200);
    assert.deepEqual(fields, {
      "content-type": "application/ocsp-response",
      "cache-control": "no-cache, no-store",
    });
  });

  test("now + max-age stays before nextUpdate, whenever it is served (F9)", async () => {
    const life = 30 * DAY;
    const end = clock.seconds + life;
    clock.advance(life - MAX_AGE);
    for (; clock.seconds < end - 2; clock.advance(7)) {
      const sent = await responder.get(target);
      if (sent.fields.etag === undefined) break;
      const maxAge = Number(/^max-age=(\d+),/.exec(sent.fields["cache-control"] ?? "")?.[1]);
      assert.ok(clock.seconds + maxAge < date(sent, "expires"), `${end - clock.seconds} s before the end`);
    }
    assert.ok(responder.counted.includes("GET cached"));
  });
});
