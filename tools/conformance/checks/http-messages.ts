import { get, lines, method, OCSP_TYPE, post, postAs, raw } from "../ask.js";
import { type Check, may, must, should } from "../check.js";
import { field, http, noField } from "../expect-http.js";
import { answered } from "../expect-ocsp.js";
import { anyOf, expectation } from "../expectation.js";
import { errorsToPost, httpAnswers, ocspMessages } from "../populations.js";

/** Section F and P: methods, media types and the fields of every answer (RFC 6960 A, RFC 9110). */

const ALLOW = field("allow", /(?=.*\bGET\b)(?=.*\bPOST\b)/, "Allow with GET and POST");
/** Fields that stand for one value. */
const SINGLE_FIELDS = ["content-type", "content-length", "date", "etag", "expires", "last-modified"];

const EVERY_ANSWER: readonly Check[] = [
  must(
    "F5 OCSPResponses are of type application/ocsp-response",
    ocspMessages,
    field("content-type", /^application\/ocsp-response *(;|$)/i, "application/ocsp-response"),
  ),
  must("F5 Content-Length is there", ocspMessages, field("content-length", /^\d+$/, "Content-Length")),
  must(
    "F5 Content-Length is the number of octets that come",
    httpAnswers,
    expectation(
      "as many octets as said",
      ({ http: answer, exchange: { end } }) =>
        answer?.framing !== "length" || answer.whole || `${answer.body.length} octets and ${end}`,
    ),
  ),
  must(
    "F5 nothing comes behind an answer",
    httpAnswers,
    expectation(
      "no octet",
      ({ exchange: { rest, answers }, ask }) =>
        rest.length === 0 || answers.length < (ask.answers ?? ask.messages.length) || `${rest.length} octets`,
    ),
  ),
  must(
    "F5 fields that have one value come once",
    httpAnswers,
    expectation("no field twice", ({ http: answer }) => {
      const names = answer?.fields.map(([name]) => name) ?? [];
      const twice = SINGLE_FIELDS.filter((name) => names.indexOf(name) !== names.lastIndexOf(name));
      return twice.length === 0 || twice.join(" ");
    }),
  ),
  must(
    "F5 every answer is HTTP",
    httpAnswers,
    expectation("a status line and fields", ({ http: answer }) => answer?.status !== 0),
  ),
  must(
    "F5 field names are tokens",
    httpAnswers,
    expectation("NAME: VALUE lines", ({ http: answer }) => {
      const strange = answer?.fields.filter(([name]) => !/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) ?? [];
      return strange.length === 0 || `${strange[0]?.[0]}`.slice(0, 40);
    }),
  ),
  must("F16 no Content-Encoding", ocspMessages, noField("content-encoding")),
  should("F17 OCSP errors to POST come with HTTP 200", errorsToPost, http(200)),
  must(
    "F17 successful answers come with HTTP 200",
    ocspMessages,
    expectation("HTTP 200", ({ ocsp, http: answer }) => ocsp?.status !== 0 || answer?.status === 200),
  ),
  should(
    "F23 the HTTP version is 1.1",
    httpAnswers,
    expectation("HTTP/1.1", ({ http: answer }) => answer?.version === "1.1" || `HTTP/${answer?.version}`),
  ),
];

const METHODS: readonly Check[] = [
  ...["PUT", "DELETE", "PATCH"].flatMap((name) => [
    must(`F15 ${name} is refused`, method(name), http(4, 501)),
    should(`F15 ${name} is refused with 405`, method(name), http(405)),
  ]),
  must(
    "F15 405 says what is allowed",
    httpAnswers,
    expectation(ALLOW.says, (seen, reference) => seen.http?.status !== 405 || ALLOW.judge(seen, reference)),
  ),
  should("P21 TRACE is not allowed", method("TRACE"), http(405, 501)),
  should(
    "P21 CONNECT is not allowed",
    lines("CONNECT {host} HTTP/1.1", "Host: {host}", "Connection: close"),
    http(4, 501),
  ),
  should("P21 OPTIONS is answered", method("OPTIONS"), http(200, 204), ALLOW),
  should("P21 a method nobody knows", method("BREW"), http(405, 501)),
  must("P21 methods are case-sensitive", method("get", "{base}/{base64}"), http(4, 501)),
];

const MEDIA: readonly Check[] = [
  must("P17 the media type in any case", postAs("Content-Type: Application/OCSP-Request"), answered("good")),
  should(
    "P17 the media type with a parameter",
    postAs("Content-Type: application/ocsp-request; charset=binary"),
    answered("good"),
  ),
  should("P17 another media type", postAs("Content-Type: text/plain"), http(415)),
  should("P17 a form", postAs("Content-Type: application/x-www-form-urlencoded"), http(415)),
  should("P17 no media type", postAs(), answered("good")),
  should("P20 a compressed request is not inflated", post({}, "Content-Encoding: gzip"), http(4)),
  must(
    "F16 Accept-Encoding: gzip, POST",
    post({}, "Accept-Encoding: gzip, deflate, br"),
    answered("good"),
    noField("content-encoding"),
  ),
  must(
    "F16 Accept-Encoding: gzip, GET",
    get({}, "Accept-Encoding: gzip, deflate, br"),
    answered("good"),
    noField("content-encoding"),
  ),
  should(
    "F5 Accept of another type is no reason to refuse",
    get({}, "Accept: text/html"),
    anyOf(answered("good"), http(406)),
  ),
  must("P22 Range is ignored", get({}, "Range: bytes=0-4"), anyOf(http(200), http(206))),
  may("P22 Range gets the whole answer", get({}, "Range: bytes=0-4"), http(200), answered("good")),
  must(
    "P20 Expect: 100-continue",
    raw(
      [
        "POST {path} HTTP/1.1",
        "Host: {host}",
        OCSP_TYPE,
        "Content-Length: {length}",
        "Expect: 100-continue",
        "Connection: close",
        "",
        "{body}",
      ].join("\r\n"),
    ),
    anyOf(answered("good"), http(417)),
  ),
  may("P20 another expectation", post({}, "Expect: the-unexpected"), http(417)),
];

export const MESSAGE_FORM_CHECKS: readonly Check[] = [...EVERY_ANSWER, ...METHODS, ...MEDIA];
