import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { requestedRange } from "../../src/http/byte-range.js";
import { httpDate } from "../../src/http/http-date.js";

/** Range and If-Range (RFC 9110 13.1.5, 14; standards F19, P22). */

const LENGTH = 1_000;
const ETAG = '"abc"';
const MODIFIED = 1_700_000_000;
const NOW = MODIFIED + 60;

function asked(range: string, ifRange = "", { method = "GET", now = NOW } = {}) {
  const headers: Record<string, string> = { range, "if-range": ifRange };
  const header = (name: string): string => headers[name] ?? "";
  const request = { method, target: "/", header, body: new Uint8Array(), peer: "" };
  return requestedRange(request, LENGTH, ETAG, MODIFIED, now);
}

const BEYOND_DOUBLE = "9".repeat(400);

describe("requestedRange", () => {
  const PARTS: readonly (readonly [range: string, start: number, stop: number])[] = [
    ["bytes=0-0", 0, 1],
    ["bytes=0-999", 0, 1_000],
    ["bytes=0-", 0, 1_000],
    ["bytes=999-999", 999, 1_000],
    ["bytes=999-", 999, 1_000],
    ["bytes=998-100000", 998, 1_000],
    ["bytes=-1", 999, 1_000],
    ["bytes=-1000", 0, 1_000],
    ["bytes=-1001", 0, 1_000],
    [`bytes=-${BEYOND_DOUBLE}`, 0, 1_000],
    [`bytes=1-${BEYOND_DOUBLE}`, 1, 1_000],
    ["bytes=00000000000000000000000000000005-0007", 5, 8],
    ["Bytes = 1-2 ", 1, 3],
  ];
  for (const [range, start, stop] of PARTS)
    test(`${range.slice(0, 40)} is ${start} to ${stop}`, () =>
      assert.deepEqual(asked(range), { start, stop }));

  for (const range of [
    "bytes=1000-",
    "bytes=1000-1000",
    "bytes=5000-6000",
    "bytes=-0",
    `bytes=${BEYOND_DOUBLE}-`,
  ])
    test(`${range.slice(0, 40)} cannot be satisfied`, () => assert.equal(asked(range), "unsatisfiable"));

  for (const range of [
    "",
    "bytes",
    "bytes=",
    "bytes=-",
    "bytes=2-1",
    "bytes=999-0",
    "bytes=0-0,5-9",
    "bytes=0-0,",
    "bytes=a-b",
    "bytes=0x1-2",
    "bytes=1.5-2",
    "bytes=+1-2",
    "bytes=--1",
    "bytes=1--2",
    "bytes=1 -2",
    "bytes:0-1",
    "octets=0-1",
    "0-1",
    "bytes=0-1\n",
    "bytes=\u0661-2",
  ])
    test(`${JSON.stringify(range)} is the whole`, () => assert.equal(asked(range), undefined));

  test("only GET has ranges", () => assert.equal(asked("bytes=0-0", "", { method: "HEAD" }), undefined));

  for (const same of [ETAG, ` ${ETAG} `, httpDate(MODIFIED)])
    test(`If-Range ${same} is the same representation`, () =>
      assert.deepEqual(asked("bytes=0-0", same), { start: 0, stop: 1 }));

  for (const other of [
    '"abd"',
    `W/${ETAG}`,
    "abc",
    `${ETAG}, "x"`,
    "*",
    httpDate(MODIFIED - 1),
    httpDate(MODIFIED + 1),
    "yesterday",
  ])
    test(`If-Range ${other} is another one, and the range ignored, even one that cannot be satisfied`, () => {
      assert.equal(asked("bytes=0-0", other), undefined);
      assert.equal(asked("bytes=5000-", other), undefined);
    });

  test("If-Range with a date within the very second proves nothing", () => {
    assert.equal(asked("bytes=0-0", httpDate(MODIFIED), { now: MODIFIED }), undefined);
    assert.deepEqual(asked("bytes=0-0", ETAG, { now: MODIFIED }), { start: 0, stop: 1 });
  });
});
