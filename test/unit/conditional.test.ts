import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isNotModified } from "../../src/http/conditional.js";
import type { HttpRequest } from "../../src/http/handler.js";
import { httpDate, parseHttpDate } from "../../src/http/http-date.js";

const ETAG = '"0123abcd"';
const MODIFIED = Date.UTC(2026, 5, 1) / 1000;
const NOW = MODIFIED + 3600;

function notModified(headers: Readonly<Record<string, string>>): boolean {
  const request: HttpRequest = {
    method: "GET",
    target: "/",
    header: (name) => headers[name] ?? "",
    body: new Uint8Array(0),
    peer: "127.0.0.1",
  };
  return isNotModified(request, ETAG, MODIFIED, NOW);
}

describe("If-None-Match (F12, P23)", () => {
  const answers = (value: string): boolean => notModified({ "if-none-match": value });

  it("matches the tag itself, in a list, compared weakly, and *", () => {
    for (const value of [ETAG, `W/${ETAG}`, `"x", ${ETAG}`, `"x",${ETAG} ,"y"`, `"x", W/${ETAG}`, "*", " * "])
      assert.equal(answers(value), true, value);
  });

  it("matches nothing else", () => {
    for (const value of [
      '"other"',
      ETAG.replaceAll('"', ""),
      ETAG.toUpperCase(),
      `w/${ETAG}`,
      '"*"',
      '"", ""',
      "garbage",
      ",",
    ])
      assert.equal(answers(value), false, value);
  });

  it("decides alone when it is present", () => {
    const later = httpDate(MODIFIED + 60);
    assert.equal(notModified({ "if-none-match": '"other"', "if-modified-since": later }), false);
    assert.equal(notModified({ "if-none-match": ETAG, "if-modified-since": httpDate(0) }), true);
  });
});

describe("If-Modified-Since (F12, P23)", () => {
  const answers = (value: string): boolean => notModified({ "if-modified-since": value });

  it("holds from the time of the last change on", () => {
    assert.equal(answers(httpDate(MODIFIED - 1)), false);
    assert.equal(answers(httpDate(MODIFIED)), true);
    assert.equal(answers(httpDate(NOW)), true);
  });

  it("is ignored when it lies in the future or is garbage", () => {
    for (const value of [httpDate(NOW + 1), "garbage", String(NOW), new Date(NOW * 1000).toISOString(), "0"])
      assert.equal(answers(value), false, value);
  });
});

it("without a condition everything is modified", () => assert.equal(notModified({}), false));

describe("HTTP dates (F11)", () => {
  it("are IMF-fixdate", () => {
    assert.equal(httpDate(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert.equal(httpDate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  });

  it("read back as written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (at) =>
        assert.equal(parseHttpDate(httpDate(at)), at),
      ),
    );
  });

  it("are nothing else: other forms, days that do not exist, another day of the week", () => {
    for (const text of [
      "",
      "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994",
      "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 6 Nov 1994 08:49:37 GMT",
      "Mon, 06 Nov 1994 08:49:37 GMT",
      "Mon, 31 Feb 2025 00:00:00 GMT",
      "Sun, 06 Nov 1994 24:00:00 GMT",
      "Sun, 06 Nov 1994 08:49:60 GMT",
      "sun, 06 nov 1994 08:49:37 GMT",
      " Sun, 06 Nov 1994 08:49:37 GMT",
    ])
      assert.equal(parseHttpDate(text), undefined, text);
  });
});
