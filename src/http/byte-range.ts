import type { HttpRequest } from "./handler.js";
import { parseHttpDate } from "./http-date.js";

/** Octets `start` to `stop`, exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly stop: number;
}

/**
 * The part that a GET asks for of a representation of `length` octets, at least one (RFC 9110 14.2). Undefined: the
 * whole, also for several ranges, for a Range that is not one (reversed, another unit, garbage), and where If-Range names
 * another representation. `etag`, `lastModified` and `now` as for `isNotModified`.
 */
export function requestedRange(
  request: HttpRequest,
  length: number,
  etag: string,
  lastModified: number,
  now: number,
): ByteRange | "unsatisfiable" | undefined {
  const range = request.method === "GET" ? request.header("range") : "";
  const parts = /^bytes[ \t]*=[ \t]*([0-9]*)-([0-9]*)[ \t]*$/i.exec(range);
  if (parts === null) return undefined;
  const [, first = "", last = ""] = parts;
  if (first === "" && last === "") return undefined;
  // Digits without end are a number without end, which compares rightly.
  const start = first === "" ? Math.max(0, length - Number(last)) : Number(first);
  const stop = first === "" || last === "" ? length : Math.min(length, Number(last) + 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  if (!isSame(request.header("if-range"), etag, lastModified, now)) return undefined;
  return start < length && start < stop ? { start, stop } : "unsatisfiable";
}

/**
 * If-Range (RFC 9110 13.1.5): strong comparison of an entity tag, or exactly Last-Modified, if its second has passed:
 * within it the representation might still change.
 */
function isSame(ifRange: string, etag: string, lastModified: number, now: number): boolean {
  if (ifRange === "" || ifRange.trim() === etag) return true;
  return parseHttpDate(ifRange) === lastModified && lastModified < now;
}
