import { framed, get, inTurn, lines, OCSP_TYPE, post, raw, withOptions } from "../ask.js";
import { type Check, may, must, should } from "../check.js";
import { closes, framingRefused, http } from "../expect-http.js";
import { answered } from "../expect-ocsp.js";
import { type Expectation, expectation } from "../expectation.js";

/** Section F and P: connections and message framing (RFC 9112). A responder stands behind proxies: what they read in two ways is an attack. */

const HOST = "Host: {host}";
const GET_LINE = "GET {base}/{base64} HTTP/1.1";
const CHUNKED = "Transfer-Encoding: chunked";
const get11 = (...fields: string[]): string => [GET_LINE, HOST, ...fields, "", ""].join("\r\n");
const post11 = (...fields: string[]): string =>
  ["POST {path} HTTP/1.1", HOST, OCSP_TYPE, "Content-Length: {length}", ...fields, "", "{body}"].join("\r\n");

/** The body in one chunk. */
const hexLength = "{length-hex}";
const ONE_CHUNK = `${hexLength}\r\n{body}\r\n0\r\n\r\n`;

const VERSIONS: readonly Check[] = [
  must(
    "F23 HTTP/1.0 POST is answered",
    raw(`POST {path} HTTP/1.0\r\n${OCSP_TYPE}\r\nContent-Length: {length}\r\n\r\n{body}`),
    answered("good"),
    closes,
  ),
  must("F23 HTTP/1.0 GET is answered", lines("GET {base}/{base64} HTTP/1.0"), answered("good"), closes),
  must("F23 HTTP/1.0 with Host", lines("GET {base}/{base64} HTTP/1.0", HOST), answered("good"), closes),
  may("F23 HTTP/1.0 keep-alive is honoured", twice("1.0"), bothAnswered()),
  should("F23 HTTP/1.1 keeps the connection", twice("1.1"), bothAnswered()),
  must("F23 Connection: close is honoured", get(), answered("good"), closes),
  should(
    "F23 pipelined requests are answered in order",
    withOptions(raw(get11() + post11("Connection: close")), { answers: 2 }),
    bothAnswered(),
  ),
  should(
    "F23 HTTP/1.2 is taken for 1.1",
    lines("GET {base}/{base64} HTTP/1.2", HOST, "Connection: close"),
    answered("good"),
  ),
  should(
    "F23 HTTP/2.0 in a request line is refused",
    lines("GET {base}/{base64} HTTP/2.0", HOST, "Connection: close"),
    http(400, 505),
  ),
  must(
    "F23 a request line without version",
    raw("GET {base}/{base64}\r\n\r\n"),
    expectation("HTTP 400, or the connection closed", (seen) =>
      seen.http === undefined ? seen.exchange.end !== "hang" : seen.http.status !== 200,
    ),
  ),
  must(
    "F23 the target as a whole URL, GET",
    lines("GET http://{host}{base}/{base64} HTTP/1.1", HOST, "Connection: close"),
    answered("good"),
  ),
  must(
    "F23 the target as a whole URL, POST",
    raw(
      `POST http://{host}{path} HTTP/1.1\r\n${HOST}\r\n${OCSP_TYPE}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}`,
    ),
    answered("good"),
  ),
  must("F23 no Host in HTTP/1.1", lines(GET_LINE, "Connection: close"), http(4)),
  must("F23 two Hosts", lines(GET_LINE, HOST, HOST, "Connection: close"), http(4)),
  must("F23 a Host that is none", lines(GET_LINE, "Host: a b", "Connection: close"), http(4)),
  must(
    "F23 an upgrade that is not wanted is ignored",
    get({}, "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
    answered("good"),
  ),
  must("F23 one octet a segment, POST", withOptions(post(), { bytewise: true }), answered("good")),
  must("F23 one octet a segment, GET", withOptions(get(), { bytewise: true }), answered("good")),
  should(
    "F23 a client that closes its side gets its answer",
    withOptions(post(), { halfClose: true }),
    answered("good"),
  ),
  should("F23 an empty line in front is ignored", raw(`\r\n${get11("Connection: close")}`), answered("good")),
  should(
    "F23 a URL of 70,000 octets",
    lines(`GET {base}/${"M".repeat(70_000)} HTTP/1.1`, HOST, "Connection: close"),
    http(400, 414, 431),
  ),
  should("F23 a field of 100,000 octets", get({}, `X-Long: ${"x".repeat(100_000)}`), http(400, 413, 431)),
  should("F23 10,000 fields", get({}, ...Array(10_000).fill("X-Many: y")), http(400, 413, 431)),
];

const CHUNKS: readonly Check[] = [
  must("F23 a chunked body", framed(ONE_CHUNK, CHUNKED), answered("good")),
  must(
    "F23 a chunked body with chunk extensions",
    framed(`${hexLength};a=b;c="d"\r\n{body}\r\n0\r\n\r\n`, CHUNKED),
    answered("good"),
  ),
  must(
    "F23 a chunked body with trailers",
    framed(`${hexLength}\r\n{body}\r\n0\r\nX-Trailer: y\r\n\r\n`, CHUNKED),
    answered("good"),
  ),
  must(
    "F23 a chunked body, coding name in any case",
    framed(ONE_CHUNK, "Transfer-Encoding: Chunked"),
    answered("good"),
  ),
  must(
    "F23 a chunked body with leading zeros in the size",
    framed(`000${hexLength}\r\n{body}\r\n0\r\n\r\n`, CHUNKED),
    answered("good"),
  ),
  must(
    "F23 a chunked body, one octet a segment",
    withOptions(framed(ONE_CHUNK, CHUNKED), { bytewise: true }),
    answered("good"),
  ),
  must("P18 a chunk size that is no number", framed("1g\r\n0\r\n0\r\n\r\n", CHUNKED), framingRefused),
  must(
    "P18 a chunk size with a sign",
    framed(`+${hexLength}\r\n{body}\r\n0\r\n\r\n`, CHUNKED),
    framingRefused,
  ),
  must(
    "P18 a chunk size of 20 digits",
    framed(`ffffffffffffffffffff\r\n{body}\r\n0\r\n\r\n`, CHUNKED),
    framingRefused,
  ),
  must(
    "P18 a chunk that is longer than it says",
    framed("1\r\n{body}\r\n0\r\n\r\n", CHUNKED),
    framingRefused,
  ),
  should(
    "P18 a chunk that is larger than any request",
    framed("10000000\r\n{body}", CHUNKED),
    http(400, 413),
    closes,
  ),
  must(
    "P18 Transfer-Encoding that is not chunked",
    framed("{body}", "Transfer-Encoding: gzip"),
    framingRefused,
  ),
  must(
    "P18 chunked that is not the last coding",
    framed(ONE_CHUNK, "Transfer-Encoding: chunked, gzip"),
    framingRefused,
  ),
  must("P18 chunked twice", framed(ONE_CHUNK, "Transfer-Encoding: chunked, chunked"), framingRefused),
  must(
    "P18 Content-Length and Transfer-Encoding: refused, or closed behind it",
    framed(ONE_CHUNK, "Content-Length: 5", CHUNKED),
    closes,
    expectation("one answer", ({ answers }) => answers.length <= 1),
  ),
  must(
    "P18 Content-Length and Transfer-Encoding are refused",
    framed(ONE_CHUNK, "Content-Length: 5", CHUNKED),
    framingRefused,
  ),
  may(
    "P18 Transfer-Encoding in HTTP/1.0",
    raw(`POST {path} HTTP/1.0\r\n${OCSP_TYPE}\r\n${CHUNKED}\r\n\r\n${ONE_CHUNK}`),
    framingRefused,
  ),
];

const LENGTHS: readonly Check[] = [
  must(
    "P18 two Content-Lengths that differ",
    framed("{body}", "Content-Length: {length}", "Content-Length: 5"),
    framingRefused,
  ),
  may(
    "P18 two Content-Lengths that are equal",
    framed("{body}", "Content-Length: {length}", "Content-Length: {length}"),
    framingRefused,
  ),
  must(
    "P18 a list of Content-Lengths that differ",
    framed("{body}", "Content-Length: {length}, 5"),
    framingRefused,
  ),
  must("P18 a Content-Length with a sign", framed("{body}", "Content-Length: +{length}"), framingRefused),
  must("P18 a negative Content-Length", framed("{body}", "Content-Length: -1"), framingRefused),
  must("P18 a hexadecimal Content-Length", framed("{body}", "Content-Length: 0x45"), framingRefused),
  must(
    "P18 a Content-Length with letters behind",
    framed("{body}", "Content-Length: {length}a"),
    framingRefused,
  ),
  must("P18 an empty Content-Length", framed("{body}", "Content-Length:"), framingRefused),
  must(
    "P18 a Content-Length of 30 digits",
    framed("{body}", `Content-Length: ${"9".repeat(30)}`),
    framingRefused,
  ),
  should(
    "P18 a Content-Length of 100 MB is refused at once",
    framed("", "Content-Length: 100000000"),
    http(413),
    closes,
  ),
  must(
    "P18 a body that is shorter than it says",
    withOptions(framed("{body}", "Content-Length: 500"), { halfClose: true }),
    expectation(
      "no successful OCSPResponse",
      ({ status, exchange: { end } }) => status !== "successful" && end !== "hang",
    ),
  ),
  must(
    "P18 a request behind the body is not part of it",
    withOptions(raw(post11() + get11("Connection: close")), { answers: 2 }),
    firstAnswered(),
  ),
];

const FIELDS: readonly Check[] = [
  must("P18 a blank before the colon of a field", get({}, "X-Blank : y"), http(4)),
  should("P18 a folded field", get({}, "X-Folded: a\r\n b"), http(4)),
  should("P18 NUL in a field", get({}, "X-Nul: a\0b"), http(4)),
  must("P18 a field without a colon", get({}, "X-Without"), http(4)),
  should(
    "P18 two blanks in the request line",
    lines("GET  {base}/{base64} HTTP/1.1", HOST, "Connection: close"),
    http(4, 5),
  ),
  should(
    "P18 a control character in the target",
    lines("GET {base}/\x01{base64} HTTP/1.1", HOST, "Connection: close"),
    http(4),
  ),
];

const NEIGHBOURS: readonly Check[] = [
  must(
    "P19 a client that says nothing does not keep others waiting",
    withOptions(post(), { besides: "" }),
    answered("good"),
  ),
  must(
    "P19 half a request line does not keep others waiting",
    withOptions(post(), { besides: "POST {pa" }),
    answered("good"),
  ),
  must(
    "P19 half a head does not keep others waiting",
    withOptions(post(), { besides: `POST {path} HTTP/1.1\r\n${HOST}\r\n` }),
    answered("good"),
  ),
  must(
    "P19 half a body does not keep others waiting",
    withOptions(post(), {
      besides: `POST {path} HTTP/1.1\r\n${HOST}\r\n${OCSP_TYPE}\r\nContent-Length: {length}\r\n\r\n0`,
    }),
    answered("good"),
  ),
];

export const FRAMING_CHECKS: readonly Check[] = [
  ...VERSIONS,
  ...CHUNKS,
  ...LENGTHS,
  ...FIELDS,
  ...NEIGHBOURS,
];

function twice(version: string) {
  const text = `GET {base}/{base64} HTTP/${version}\r\n${HOST}\r\nConnection: keep-alive\r\n\r\n`;
  return withOptions(inTurn(text, text), { keepAlive: true });
}

function bothAnswered(): Expectation {
  return expectation(
    "two answers, both good",
    ({ answers, messages }) =>
      answers.length === 2 && messages.every((message) => message?.basic?.singles[0]?.status === "good"),
  );
}

/** What follows on the connection may be answered or not; the first request is. */
function firstAnswered(): Expectation {
  return expectation(
    "the first is answered",
    ({ messages: [first] }) => first?.basic?.singles[0]?.status === "good",
  );
}
