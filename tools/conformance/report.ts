import { asBuffer, hex } from "../../src/core/bytes.js";
import { groupOf, type Level } from "./check.js";
import type { Result } from "./run.js";
import type { Seen } from "./seen.js";
import type { Target } from "./target.js";

const SECTIONS: Readonly<Record<string, string>> = {
  A: "requests",
  B: "responses",
  C: "the signer",
  D: "extensions",
  E: "high-volume profile",
  F: "HTTP",
  P: "bad input",
};

/** What a failed check of a level is called. */
const FAILURE: Readonly<Record<Level, "fault" | "warning" | "note">> = {
  M: "fault",
  S: "warning",
  O: "note",
};

const MAX_SENT_CHARACTERS = 160;
const MAX_CAME_CHARACTERS = 160;
const MAX_SHOWN_OCTETS = 24;
/** Octets of a message that the JSON report holds. */
const MAX_JSON_OCTETS = 2048;

const failureOf = ({ verdict, check }: Result): string | undefined =>
  verdict === "failed" ? FAILURE[check.level] : undefined;

/** Number of musts that were not met. */
export function countFaults(results: readonly Result[]): number {
  return results.filter((result) => failureOf(result) === "fault").length;
}

/** The report for people: a line of counts for each section, below it a line for each failure. */
export function textReport(target: Target, results: readonly Result[]): string {
  const lines = [`http://${target.authority}${target.path}, profile ${target.profile}`];
  for (const [letter, title] of Object.entries(SECTIONS)) {
    const section = results.filter(({ check }) => groupOf(check) === letter);
    if (section.length === 0) continue;
    lines.push("", `${letter}  ${title}: ${counts(section)}`);
    for (const result of section) if (result.verdict === "failed") lines.push(`   ${failureLine(result)}`);
  }
  lines.push("", `all: ${counts(results)}`);
  return printable(lines.join("\n"));
}

function counts(results: readonly Result[]): string {
  const number = (wanted: string): number =>
    results.filter((result) => (failureOf(result) ?? result.verdict) === wanted).length;
  const parts = [
    `${results.length} checks`,
    `${number("passed")} passed`,
    `${number("fault")} faults`,
    `${number("warning")} warnings`,
    `${number("note")} notes`,
    `${number("absent")} not applicable`,
  ];
  const unasked = number("unasked");
  return [...parts, ...(unasked === 0 ? [] : [`${unasked} not asked`])].join(", ");
}

function failureLine(result: Result): string {
  const { check, seen, expected, came } = result;
  const sent = seen === undefined ? "" : ` | sent ${shorten(sentText(seen), MAX_SENT_CHARACTERS)}`;
  const got = shorten(came, MAX_CAME_CHARACTERS);
  return `${failureOf(result)}: ${check.name}${sent} | expected ${expected} | came ${got}`;
}

/** The head of the first message as text, its body as short hexadecimal. */
function sentText({ sent }: Seen): string {
  const [first = new Uint8Array()] = sent;
  const text = asBuffer(first).toString("latin1");
  const headEnd = text.indexOf("\r\n\r\n");
  const lines = (headEnd < 0 ? text : text.slice(0, headEnd)).split("\r\n").filter(isTelling);
  const head = lines.join(" / ").replace(LONG_WORD, "$1..$2");
  const body = headEnd < 0 ? new Uint8Array() : first.subarray(headEnd + 4);
  return body.length === 0 ? head : `${shorten(head, 100)} + ${shortHex(body)}`;
}

/** Base64 of a request, for example: its ends tell enough. */
const LONG_WORD = /([^ ]{24})[^ ]{12,}([^ ]{12})/g;

/** Fields that stand in every request tell nothing of this one. */
const isTelling = (line: string): boolean =>
  !/^(Host: [^ ]*|Connection: close|Content-Type: application\/ocsp-request)$/.test(line);

function shortHex(octets: Uint8Array): string {
  if (octets.length <= MAX_SHOWN_OCTETS) return hex(octets);
  return `${hex(octets.subarray(0, MAX_SHOWN_OCTETS))}.. (${octets.length} octets)`;
}

const shorten = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most)}..`;

/** Foreign bytes must not steer a terminal. */
function printable(text: string): string {
  return text.replace(/[^\n -~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** The report for programs. Messages of failed checks are hexadecimal, their first 2,048 octets. */
export function jsonReport(target: Target, results: readonly Result[]): object {
  const messages = ({ sent }: Seen): string[] =>
    sent.map((message) => hex(message.subarray(0, MAX_JSON_OCTETS)));
  return {
    url: `http://${target.authority}${target.path}`,
    profile: target.profile,
    faults: countFaults(results),
    checks: results.map((result) => ({
      name: result.check.name,
      section: groupOf(result.check),
      level: result.check.level,
      verdict: failureOf(result) ?? result.verdict,
      ...(result.came === "" ? {} : { came: result.came }),
      ...(result.verdict !== "failed" ? {} : { expected: result.expected }),
      ...(result.verdict === "failed" && result.seen !== undefined ? { sent: messages(result.seen) } : {}),
    })),
  };
}
