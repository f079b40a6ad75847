import type { HttpHandler } from "../../src/http/handler.js";

/** What one raw byte stream must bring back. Every transport must give these answers, unless `only` names one. */
export interface HttpCase {
  readonly name: string;
  readonly send: string;
  /** Per answer: status and, where it matters, the echoed body or a field. */
  readonly answers: readonly {
    readonly status: number;
    readonly body?: string;
    readonly fields?: Readonly<Record<string, string>>;
    readonly toHead?: boolean;
  }[];
  /** The server closes afterwards; otherwise the connection stays open. */
  readonly closes?: boolean;
  /** Why uWS, which serves the connection after the hand-over, needs the bytes in one segment. */
  readonly wholeOnUws?: string;
}

export const CASE_LIMITS = { maxHeadBytes: 2_048, maxBodyBytes: 1_000 };

/** Answers with what it saw; `/304` with that status. */
export const echo: HttpHandler = (request, reply) => {
  if (request.target === "/304") return reply.send(304, [["ETag", '"x"']], new Uint8Array());
  const { method, target } = request;
  const body = Buffer.from(request.body).toString("latin1");
  const type = request.header("content-type");
  const text = [method, target, body, type].join("|");
  reply.send(200, [["Content-Type", "text/plain"]], Buffer.from(text, "latin1"));
};

const HOST = "Host: localhost\r\n";
const get = (target: string, fields = "", version = "1.1"): string =>
  `GET ${target} HTTP/${version}\r\n${HOST}${fields}\r\n`;
const post = (fields: string, body: string): string => `POST / HTTP/1.1\r\n${HOST}${fields}\r\n${body}`;
const refused = (status: number): Pick<HttpCase, "answers" | "closes"> => ({
  answers: [{ status, fields: { connection: "close" } }],
  closes: true,
});

export const HTTP_CASES: readonly HttpCase[] = [
  {
    name: "HTTP/1.1 GET keeps the connection",
    send: get("/a"),
    answers: [{ status: 200, body: "GET|/a||" }],
  },
  {
    name: "raw targets are untouched (F4)",
    send: get("//MEIwQDA%2F+/../x//y?q=%2f&r"),
    answers: [{ status: 200, body: "GET|//MEIwQDA%2F+/../x//y?q=%2f&r||" }],
  },
  {
    name: "a target may end with a question mark or hold two",
    send: get("/a?b?c"),
    answers: [{ status: 200, body: "GET|/a?b?c||" }],
  },
  {
    name: "a target that is a whole URL (RFC 9112 3.2.2)",
    send: get("http://localhost/a//b?q") + get("HTTP://localhost:80") + get("http://localhost?q"),
    answers: [
      { status: 200, body: "GET|/a//b?q||" },
      { status: 200, body: "GET|/||" },
      { status: 200, body: "GET|/?q||" },
    ],
    wholeOnUws: "a later request line that arrives in pieces gets 505 from the pinned binary",
  },
  {
    name: "a higher minor version is taken for 1.1 (RFC 9110 2.5)",
    send: get("/a", "", "1.2"),
    answers: [{ status: 200, body: "GET|/a||" }],
  },
  {
    name: "Connection: close is honoured",
    send: get("/a", "Connection: close\r\n"),
    answers: [{ status: 200, fields: { connection: "close" } }],
    closes: true,
  },
  {
    name: "HTTP/1.0 closes by default",
    send: get("/a", "", "1.0"),
    answers: [{ status: 200, body: "GET|/a||", fields: { connection: "close" } }],
    closes: true,
  },
  {
    name: "HTTP/1.0 needs no Host",
    send: "GET /a HTTP/1.0\r\n\r\n",
    answers: [{ status: 200, body: "GET|/a||" }],
    closes: true,
  },
  {
    name: "HTTP/1.0 keep-alive is honoured",
    send: get("/a", "Connection: Keep-Alive\r\n", "1.0") + get("/b", "", "1.0"),
    answers: [{ status: 200, body: "GET|/a||", fields: { connection: "keep-alive" } }, { status: 200 }],
    closes: true,
  },
  {
    name: "POST with Content-Length",
    send: post("Content-Type: application/ocsp-request\r\nContent-Length: 5\r\n", "ab\r\nc"),
    answers: [{ status: 200, body: "POST|/|ab\r\nc|application/ocsp-request" }],
  },
  {
    name: "POST of HTTP/1.0",
    send: "POST /x HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
    answers: [{ status: 200, body: "POST|/x|abc|" }],
    closes: true,
  },
  {
    name: "POST with an empty body",
    send: post("Content-Length: 0\r\n", ""),
    answers: [{ status: 200, body: "POST|/||" }],
  },
  {
    name: "chunked body",
    send: post("Transfer-Encoding: Chunked\r\n", "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"),
    answers: [{ status: 200, body: "POST|/|abc0123456789|" }],
  },
  {
    name: "chunk extensions and trailers are dropped",
    send: post("Transfer-Encoding: chunked\r\n", "3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n"),
    answers: [{ status: 200, body: "POST|/|abc|" }],
  },
  {
    name: "pipelined requests are answered in order",
    send: get("/1") + post("Content-Length: 2\r\n", "hi") + get("/3"),
    answers: [
      { status: 200, body: "GET|/1||" },
      { status: 200, body: "POST|/|hi|" },
      { status: 200, body: "GET|/3||" },
    ],
    wholeOnUws: "a later request line that arrives in pieces gets 505 from the pinned binary",
  },
  {
    name: "HEAD has the head of GET and no body (F14)",
    send: `HEAD /a HTTP/1.1\r\n${HOST}\r\n`,
    answers: [{ status: 200, toHead: true, fields: { "content-length": "9" } }],
  },
  {
    name: "304 has neither body nor length (F12)",
    send: get("/304"),
    answers: [{ status: 304, fields: { etag: '"x"' } }],
  },
  {
    name: "one empty line before a request is ignored",
    send: `\r\n${get("/a")}`,
    answers: [{ status: 200, body: "GET|/a||" }],
  },
  { name: "another expectation", send: get("/", "Expect: x\r\n"), ...refused(417) },
  { name: "no Host in 1.1", send: "GET / HTTP/1.1\r\nA: b\r\n\r\n", ...refused(400) },
  { name: "two Hosts", send: get("/", HOST), ...refused(400) },
  { name: "Host with a space", send: "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", ...refused(400) },
  { name: "HTTP/2.0", send: get("/", "", "2.0"), ...refused(505) },
  { name: "HTTP/0.9", send: "GET /\r\n\r\n", ...refused(400) },
  { name: "two spaces in the request line", send: `GET  / HTTP/1.1\r\n${HOST}\r\n`, ...refused(400) },
  { name: "control character in the target", send: get("/\x01"), ...refused(400) },
  { name: "octet above 0x7e in the target", send: get("/\xe9"), ...refused(400) },
  { name: "method that is no token", send: `G(T / HTTP/1.1\r\n${HOST}\r\n`, ...refused(400) },
  { name: "bare line feeds", send: "GET / HTTP/1.0\n\n", ...refused(400) },
  { name: "two empty lines before a request", send: `\r\n\r\n${get("/")}`, ...refused(400) },
  { name: "space before the colon", send: get("/", "A : b\r\n"), ...refused(400) },
  { name: "folded field", send: get("/", "A: b\r\n c\r\n"), ...refused(400) },
  { name: "bare CR in a field", send: get("/", "A: b\rc\r\n"), ...refused(400) },
  { name: "NUL in a field", send: get("/", "A: b\0c\r\n"), ...refused(400) },
  { name: "field without a colon", send: get("/", "Ab\r\n"), ...refused(400) },
  { name: "request line too long (F23)", send: get(`/${"a".repeat(2_100)}`), ...refused(414) },
  { name: "head too long (F23)", send: get("/", `A: ${"b".repeat(2_100)}\r\n`), ...refused(431) },
  {
    name: "Content-Length over the limit (P18)",
    send: post("Content-Length: 1001\r\n", ""),
    ...refused(413),
  },
  {
    name: "chunked body over the limit (P18)",
    send: post("Transfer-Encoding: chunked\r\n", "3e9\r\n"),
    ...refused(413),
  },
  {
    name: "Content-Length twice, equal (P18)",
    send: post("Content-Length: 1\r\nContent-Length: 1\r\n", "a"),
    ...refused(400),
  },
  { name: "Content-Length list", send: post("Content-Length: 1, 1\r\n", "a"), ...refused(400) },
  { name: "Content-Length with a sign", send: post("Content-Length: +1\r\n", "a"), ...refused(400) },
  { name: "empty Content-Length", send: post("Content-Length:\r\n", ""), ...refused(400) },
  {
    name: "Content-Length with Transfer-Encoding (P18)",
    send: post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    ...refused(400),
  },
  {
    name: "unknown transfer coding",
    send: post("Transfer-Encoding: gzip, chunked\r\n", ""),
    ...refused(501),
  },
  {
    name: "Transfer-Encoding in HTTP/1.0",
    send: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ...refused(400),
  },
  {
    name: "chunk size 1g",
    send: post("Transfer-Encoding: chunked\r\n", "1g\r\na\r\n0\r\n\r\n"),
    ...refused(400),
  },
  {
    name: "chunk longer than its size",
    send: post("Transfer-Encoding: chunked\r\n", "1\r\nab\r\n0\r\n\r\n"),
    ...refused(400),
  },
];
