import { STATUS_CODES } from "node:http";
import { systemClock } from "../core/clock.js";
import type { HeaderFields } from "./handler.js";

/** How an answer is put on the wire (RFC 9112 4 and 6, RFC 9110 6.6.1). */

let datedSecond = -1;
let dateText = "";

/** The Date field's value now: IMF-fixdate (standards F11), prepared once a second. */
export function currentDate(): string {
  const second = Math.floor(systemClock.nowMs() / 1000);
  if (second !== datedSecond) {
    datedSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}

/** Status code and reason phrase, such as "200 OK". */
export function statusText(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? "Unknown"}`;
}

/** True if an answer of that status has no content and says nothing of its length (RFC 9110 8.6, 15.4.5). */
export function hasNoContent(status: number): boolean {
  return status === 304 || status === 204;
}

/** Whole head of an answer, with the empty line. `connection` is the Connection field's value, "" for none. */
export function answerHead(
  status: number,
  fields: HeaderFields,
  contentLength: number,
  connection: string,
): string {
  let head = `HTTP/1.1 ${statusText(status)}\r\nDate: ${currentDate()}\r\n`;
  for (const [name, value] of fields) head += `${name}: ${value}\r\n`;
  if (!hasNoContent(status)) head += `Content-Length: ${contentLength}\r\n`;
  if (connection !== "") head += `Connection: ${connection}\r\n`;
  return `${head}\r\n`;
}

/** Fields of an answer that the transport gives by itself. */
export const FAULT_FIELDS: HeaderFields = [
  ["Content-Type", "text/plain"],
  ["Cache-Control", "no-store"],
];

/** Content of a 500 where a file's beginning cannot be read. */
export const UNREADABLE = Buffer.from("the file cannot be read\n");
