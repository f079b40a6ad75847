import type { HttpRequest } from "./handler.js";
import { parseHttpDate } from "./http-date.js";

/**
 * True if a GET or HEAD may be answered 304 (RFC 9110 13.2.2): If-None-Match decides alone when present (weak
 * comparison, `*`, lists); otherwise If-Modified-Since, ignored when it is garbage or lies in the future (standards F12, P23).
 * `lastModified` and `now` are unix seconds; `etag` stands with its quotes.
 */
export function isNotModified(
  request: HttpRequest,
  etag: string,
  lastModified: number,
  now: number,
): boolean {
  const ifNoneMatch = request.header("if-none-match");
  if (ifNoneMatch !== "") return matchesAny(ifNoneMatch, etag, "weak");
  const ifModifiedSince = request.header("if-modified-since");
  if (ifModifiedSince === "") return false;
  const since = parseHttpDate(ifModifiedSince);
  return since !== undefined && since <= now && lastModified <= since;
}

/**
 * True if a request is to be answered 412 (RFC 9110 13.2.2): If-Match decides alone when present (strong comparison, `*`,
 * lists); otherwise If-Unmodified-Since, ignored when it is garbage. Before `isNotModified`.
 */
export function isPreconditionFailed(request: HttpRequest, etag: string, lastModified: number): boolean {
  const ifMatch = request.header("if-match");
  if (ifMatch !== "") return !matchesAny(ifMatch, etag, "strong");
  const since = parseHttpDate(request.header("if-unmodified-since"));
  return since !== undefined && lastModified > since;
}

function matchesAny(header: string, etag: string, comparison: "strong" | "weak"): boolean {
  if (header.trim() === "*") return true;
  const wanted = comparison === "weak" ? [etag, `W/${etag}`] : [etag];
  return header.split(",").some((candidate) => wanted.includes(candidate.trim()));
}
