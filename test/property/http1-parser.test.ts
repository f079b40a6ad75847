import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { RequestParser } from "../../src/http/http1-parser.js";

const LIMITS = { maxHeadBytes: 512, maxBodyBytes: 1_024 };
/** Beyond a whole head or body the parser holds at most one segment. */
const SEGMENT = 64;

interface Outcome {
  readonly requests: readonly string[];
  readonly fault: number | undefined;
}

/** Feeds segments and writes down all that the parser finds; checks after every step that its state is bounded. */
function parse(segments: readonly Uint8Array[]): Outcome {
  const parser = new RequestParser(LIMITS);
  const requests: string[] = [];
  let fault: number | undefined;
  for (const segment of segments) {
    parser.push(Buffer.from(segment));
    for (let event = parser.next(); event !== undefined; event = parser.next()) {
      if (event.kind === "fault") {
        fault = event.fault.status;
        break;
      }
      if (event.kind === "request") {
        const { head, body } = event;
        requests.push([head.method, head.target, head.header("x-field"), body.toString("latin1")].join("\n"));
      }
    }
    assert.ok(parser.buffered <= LIMITS.maxHeadBytes + LIMITS.maxBodyBytes + SEGMENT);
  }
  return { requests, fault };
}

/** Cuts bytes at the given places, in segments of at most SEGMENT bytes. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  const segments: Buffer[] = [];
  let start = 0;
  for (const end of ends)
    for (; start < end; start = Math.min(end, start + SEGMENT))
      segments.push(bytes.subarray(start, Math.min(end, start + SEGMENT)));
  return segments;
}

const body = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const target = fc.stringMatching(/^\/[!-~]{0,60}$/);
const value = fc.stringMatching(/^([!-~]([ -~]{0,20}[!-~])?)?$/);

/** One valid request as [wire text, what the parser must report]. */
const request = fc.oneof(
  fc
    .tuple(target, value)
    .map(([to, field]) => [
      `GET ${to} HTTP/1.1\r\nHost: a\r\nX-Field: ${field}\r\n\r\n`,
      `GET\n${to}\n${field}\n`,
    ]),
  fc
    .tuple(target, body)
    .map(([to, text]) => [
      `POST ${to} HTTP/1.0\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
      `POST\n${to}\n\n${text}`,
    ]),
  fc.tuple(target, fc.array(body, { maxLength: 4 })).map(([to, pieces]) => [
    `POST ${to} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${pieces
      .filter((piece) => piece !== "")
      .map((piece) => `${piece.length.toString(16)};x=y\r\n${piece}\r\n`)
      .join("")}0\r\nTrailer: dropped\r\n\r\n`,
    `POST\n${to}\n\n${pieces.join("")}`,
  ]),
);

suite("http1 parser", () => {
  test("any cut of a pipelined stream gives the same requests", () => {
    fc.assert(
      fc.property(
        fc.array(request, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (pairs, places) => {
          const bytes = Buffer.from(pairs.map(([wire]) => wire).join(""), "latin1");
          const expected = { requests: pairs.map(([, seen]) => seen), fault: undefined };
          assert.deepEqual(parse(cut(bytes, places)), expected);
          assert.deepEqual(parse(Array.from(bytes, (byte) => Uint8Array.of(byte))), expected);
        },
      ),
    );
  });

  test("any cut of a damaged stream gives the same outcome", () => {
    fc.assert(
      fc.property(
        fc.array(request, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (pairs, at, octet, places) => {
          const bytes = Buffer.from(pairs.map(([wire]) => wire).join(""), "latin1");
          bytes[at % bytes.length] = octet;
          const bytewise = Array.from(bytes, (byte) => Uint8Array.of(byte));
          assert.deepEqual(parse(cut(bytes, places)), parse(bytewise));
        },
      ),
    );
  });

  test("random bytes end in a fault or wait within the limits", () => {
    const line = fc.oneof(
      fc.constantFrom(
        "GET / HTTP/1.1",
        "Host: a",
        "Content-Length: 3",
        "Transfer-Encoding: chunked",
        "",
        "5",
      ),
      fc.string({ unit: "binary", maxLength: 40 }),
    );
    const soup = fc
      .array(fc.tuple(line, fc.constantFrom("\r\n", "\n", "")), { maxLength: 60 })
      .map((lines) => Buffer.from(lines.flat().join(""), "latin1"));
    fc.assert(
      fc.property(fc.oneof(soup, fc.uint8Array({ maxLength: 3_000 })), (bytes) => {
        const { fault } = parse(cut(Buffer.from(bytes), []));
        assert.ok(fault === undefined || (fault >= 400 && fault <= 505));
      }),
    );
  });

  test("an endless line is refused at the limit", () => {
    const endless = Array.from({ length: 100 }, () => Buffer.alloc(SEGMENT, "a"));
    assert.equal(parse(endless).fault, 414);
    assert.equal(parse([Buffer.from("GET / HTTP/1.1\r\n"), ...endless]).fault, 431);
    const chunked = Buffer.from("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert.equal(parse([chunked, ...endless]).fault, 400);
    const trailers = Array.from({ length: 100 }, () => Buffer.from("A: b\r\n"));
    assert.equal(parse([chunked, Buffer.from("0\r\n"), ...trailers]).fault, 431);
    const extended = Array.from({ length: 50 }, () => Buffer.from(`1;${"x".repeat(30)}\r\na\r\n`));
    assert.equal(parse([chunked, ...extended]).fault, 400);
  });
});
