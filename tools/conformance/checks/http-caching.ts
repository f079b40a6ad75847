import { createHash } from "node:crypto";
import { parseHttpDate } from "../../../src/http/http-date.js";
import { get, head, post, withOptions } from "../ask.js";
import { type Check, may, must, should } from "../check.js";
import {
  asInGet,
  field,
  http,
  isImfFixdate,
  maxAgeOf,
  noField,
  nothingBehind,
  notModified,
  ofDirective,
} from "../expect-http.js";
import { answered } from "../expect-ocsp.js";
import { type Expectation, expectation, NotApplicable } from "../expectation.js";
import { errorMessages, httpAnswers, signedGets } from "../populations.js";
import type { Seen } from "../seen.js";

/** Section F: header fields for caches, and conditional requests (RFC 9919 6 and 7.2, RFC 9110 13). */

const singles = (seen: Seen) => seen.ocsp?.basic?.singles ?? [];
const earliestNextUpdate = (seen: Seen): number =>
  Math.min(...singles(seen).map(({ nextUpdate }) => nextUpdate?.seconds ?? Number.POSITIVE_INFINITY));

const HEADERS: readonly Check[] = [
  must("F6 an answer to GET has Last-Modified", signedGets, field("last-modified", /./, "Last-Modified")),
  must("F6 an answer to GET has an ETag", signedGets, field("etag", /./, "ETag")),
  must("F6 an answer to GET has Expires", signedGets, field("expires", /./, "Expires")),
  must("F6 an answer to GET has Cache-Control", signedGets, field("cache-control", /./, "Cache-Control")),
  ...["max-age", "public", "no-transform", "must-revalidate"].map((name) =>
    must(`F6 Cache-Control has ${name}`, signedGets, ofDirective(name)),
  ),
  must(
    "F7 Last-Modified is thisUpdate or producedAt",
    signedGets,
    ofDate(
      "last-modified",
      "thisUpdate or producedAt",
      (seconds, seen) =>
        singles(seen).some(({ thisUpdate }) => thisUpdate.seconds === seconds) ||
        seen.ocsp?.basic?.producedAt.seconds === seconds,
    ),
  ),
  must(
    "F8 Expires is nextUpdate",
    signedGets,
    ofDate("expires", "nextUpdate", (seconds, seen) => seconds === earliestNextUpdate(seen)),
  ),
  must(
    "F8 the ETag is quoted",
    signedGets,
    field("etag", /^(W\/)?"[\x21\x23-\x7e\x80-\xff]*"$|^$/, "a quoted ETag"),
  ),
  must("F8 the ETag is strong", signedGets, field("etag", /^(?!W\/)/, "an ETag without W/")),
  should(
    "F8 the ETag is the hash of the response in hexadecimal",
    signedGets,
    expectation("SHA-256 or SHA-1 of the OCSPResponse", (seen) => {
      const body = seen.http?.body ?? Buffer.alloc(0);
      const hashes = ["sha256", "sha1"].map((hash) => `"${createHash(hash).update(body).digest("hex")}"`);
      return hashes.includes(seen.field("etag").toLowerCase()) || `ETag: ${seen.field("etag") || "none"}`;
    }),
  ),
  must("F8 the same answer has the same ETag", withOptions(get(), { again: 1 }), sameWhenSame("etag")),
  must(
    "F8 the same answer has the same Last-Modified",
    withOptions(get(), { again: 1 }),
    sameWhenSame("last-modified"),
  ),
  may(
    "F8 an answer is kept and given again",
    withOptions(get(), { again: 1 }),
    expectation(
      "the same octets",
      (seen, reference) =>
        reference.http !== undefined && seen.http?.body.equals(reference.http.body) === true,
    ),
  ),
  must(
    "F9 max-age is a number of seconds",
    signedGets,
    expectation(
      "max-age=DIGITS",
      (seen) =>
        !/max-age/i.test(seen.field("cache-control")) ||
        maxAgeOf(seen) !== undefined ||
        `Cache-Control: ${seen.field("cache-control")}`,
    ),
  ),
  must(
    "F9 max-age ends before nextUpdate",
    signedGets,
    expectation("now + max-age <= nextUpdate", (seen) => {
      const maxAge = maxAgeOf(seen);
      if (maxAge === undefined) return new NotApplicable("no max-age");
      return seen.at + maxAge <= earliestNextUpdate(seen) || `max-age=${maxAge}`;
    }),
  ),
  must("F10 an answer to GET has no Pragma: no-cache", signedGets, noField("pragma")),
  must(
    "F10 an answer to GET may be stored",
    signedGets,
    field("cache-control", /^(?!.*\b(no-store|no-cache)\b)/i, "no no-store, no no-cache"),
  ),
  should(
    "F10 errors are not to be stored",
    errorMessages,
    field("cache-control", /no-store|no-cache/i, "Cache-Control: no-cache or no-store"),
  ),
  ...["date", "last-modified", "expires"].map((name) =>
    must(
      `F11 ${name} is an IMF-fixdate`,
      httpAnswers,
      expectation("Www, DD Mmm YYYY HH:MM:SS GMT", (seen) => {
        const value = seen.field(name);
        return value === "" || isImfFixdate(value) || `${name}: ${value}`;
      }),
    ),
  ),
  must(
    "F11 Date is there",
    httpAnswers,
    expectation("Date", (seen) => (seen.http?.status ?? 500) >= 500 || seen.field("date") !== "" || "none"),
  ),
];

const OTHER_TAG = '"00000000000000000000000000000000"';
const LONG_AGO = "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT";
const FUTURE = "If-Modified-Since: Fri, 31 Dec 9998 23:59:59 GMT";

const CONDITIONS: readonly Check[] = [
  must("F12 If-None-Match with the ETag", get({}, "If-None-Match: {etag}"), notModified),
  must("F12 If-None-Match with *", get({}, "If-None-Match: *"), notModified),
  must("F12 If-None-Match with a list", get({}, `If-None-Match: ${OTHER_TAG}, {etag}`), notModified),
  must(
    "F12 If-None-Match in two fields",
    get({}, `If-None-Match: ${OTHER_TAG}`, "If-None-Match: {etag}"),
    notModified,
  ),
  must("F12 If-None-Match compares weakly", get({}, "If-None-Match: W/{etag}"), notModified),
  must(
    "F12 If-None-Match with another ETag",
    get({}, `If-None-Match: ${OTHER_TAG}`),
    http(200),
    answered("good"),
  ),
  must(
    "F12 If-None-Match comes before If-Modified-Since",
    get({}, `If-None-Match: ${OTHER_TAG}`, "If-Modified-Since: {last-modified}"),
    http(200),
    answered("good"),
  ),
  must(
    "F12 If-None-Match matches whatever If-Modified-Since says",
    get({}, "If-None-Match: {etag}", LONG_AGO),
    notModified,
  ),
  must(
    "F12 If-Modified-Since with Last-Modified",
    get({}, "If-Modified-Since: {last-modified}"),
    notModified,
  ),
  must("F12 If-Modified-Since long ago", get({}, LONG_AGO), http(200), answered("good")),
  must("F12 HEAD with If-None-Match", head("If-None-Match: {etag}"), notModified),
  ...["date", "etag", "cache-control", "expires"].map((name) =>
    must(`F12 304 has ${name}`, get({}, "If-None-Match: {etag}"), notModified, asInGet(name, "presence")),
  ),
  must("F12 304 has no body", get({}, "If-None-Match: {etag}"), notModified, nothingBehind),
  must(
    "F13 POST with If-None-Match is not 304",
    post({}, "If-None-Match: {etag}"),
    http(200),
    answered("good"),
  ),
  must(
    "F13 POST with If-None-Match: * is not 304",
    post({}, "If-None-Match: *"),
    http(200),
    answered("good"),
  ),
  must(
    "F13 POST with If-Modified-Since is not 304",
    post({}, "If-Modified-Since: {last-modified}"),
    http(200),
    answered("good"),
  ),
  must("P23 If-Modified-Since in the future is ignored", get({}, FUTURE), http(200), answered("good")),
  must(
    "P23 If-Modified-Since that is no date is ignored",
    get({}, "If-Modified-Since: yesterday"),
    http(200),
    answered("good"),
  ),
];

const HEAD: readonly Check[] = [
  must("F14 HEAD has no body", head(), http(200), nothingBehind),
  ...["content-type", "content-length", "etag", "last-modified", "expires", "cache-control"].map((name) =>
    must(
      `F14 HEAD has ${name} as GET has`,
      head(),
      http(200),
      asInGet(name, name === "content-type" ? "value" : "presence"),
    ),
  ),
];

export const CACHING_CHECKS: readonly Check[] = [...HEADERS, ...CONDITIONS, ...HEAD];

function ofDate(name: string, says: string, judge: (seconds: number, seen: Seen) => boolean): Expectation {
  return expectation(`${name} = ${says}`, (seen) => {
    const value = seen.field(name);
    if (value === "") return new NotApplicable(`no ${name}`);
    const seconds = parseHttpDate(value);
    return (seconds !== undefined && judge(seconds, seen)) || `${name}: ${value}`;
  });
}

function sameWhenSame(name: string): Expectation {
  return expectation(`the same ${name}`, (seen, reference) => {
    if (reference.http === undefined || !seen.http?.body.equals(reference.http.body))
      return new NotApplicable("each answer to GET is another one");
    return seen.field(name) === reference.field(name) || `${reference.field(name)}, then ${seen.field(name)}`;
  });
}
