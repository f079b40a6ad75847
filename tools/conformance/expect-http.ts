import { parseHttpDate } from "../../src/http/http-date.js";
import { type Expectation, expectation, type Judgement, NotApplicable } from "./expectation.js";
import type { Seen } from "./seen.js";

/** What is expected of the HTTP around an answer. */

const statusOf = (seen: Seen): number => seen.http?.status ?? 0;

/** Any of the status codes; `4` stands for 400 to 499. */
export function http(...wanted: readonly number[]): Expectation {
  const says = wanted.map((code) => (code < 10 ? `${code}xx` : code)).join(" or ");
  return expectation(`HTTP ${says}`, (seen) =>
    wanted.some((code) => code === statusOf(seen) || code === Math.floor(statusOf(seen) / 100)),
  );
}

export function field(name: string, pattern: RegExp, says: string): Expectation {
  return expectation(says, (seen) => {
    const value = seen.field(name);
    return pattern.test(value) || (value === "" ? `no ${name}` : `${name}: ${value}`);
  });
}

export function noField(name: string): Expectation {
  return expectation(`no ${name}`, (seen) => {
    const value = seen.field(name);
    return value === "" || `${name}: ${value}`;
  });
}

/** The responder closes the connection, or never answered on it. */
export const closes = expectation("the connection closed", ({ exchange: { end } }) =>
  end === "open" ? "it stays open" : end !== "hang" && end !== "flood",
);

/** The message is refused; whatever else was on the connection is not taken for a request. */
export const framingRefused = expectation(
  "HTTP 400 or another refusal, and the connection closed",
  ({ http: answer, answers, exchange: { end } }) => {
    const refusal = answer === undefined || (answer.status >= 400 && answer.status !== 404);
    if (!refusal || answers.length > 1) return false;
    return (
      end === "closed" ||
      end === "reset" ||
      (end === "open" ? "refused, but the connection stays open" : false)
    );
  },
);

export const nothingBehind = expectation(
  "nothing behind the answer",
  ({ exchange: { rest } }) => rest.length === 0 || `${rest.length} octets behind it`,
);

export const isImfFixdate = (text: string): boolean => parseHttpDate(text) !== undefined;

/** The field as in the answer to GET: its value, or only that it is there. */
export function asInGet(name: string, what: "value" | "presence"): Expectation {
  return expectation(`${name} as in the answer to GET`, (seen, reference) => {
    const wanted = reference.field(name);
    if (wanted === "") return new NotApplicable(`answers to GET have no ${name}`);
    const value = seen.field(name);
    if (value === "") return `no ${name}`;
    return what === "presence" || value === wanted || `${name}: ${value}`;
  });
}

/** 304, unless every answer is a new representation with an ETag of its own. */
export const notModified = expectation("HTTP 304", (seen, reference) => {
  if (statusOf(seen) === 304) return true;
  const [etag, before] = [seen.field("etag"), reference.field("etag")];
  if (statusOf(seen) === 200 && etag !== before)
    return new NotApplicable("each answer to GET has another ETag");
  return false;
});

/** max-age of Cache-Control as a number; undefined if it is not one delta-seconds token. */
export function maxAgeOf(seen: Seen): number | undefined {
  const match = /(?:^|,)\s*max-age=([^,]*)/i.exec(seen.field("cache-control"));
  return match !== null && /^\d+$/.test(match[1] as string) ? Number(match[1]) : undefined;
}

export function ofDirective(name: string): Expectation {
  return expectation(`Cache-Control with ${name}`, (seen): Judgement => {
    const value = seen.field("cache-control");
    const directives = value.split(",").map((directive) => directive.trim().toLowerCase().split("=")[0]);
    return directives.includes(name) || `Cache-Control: ${value || "none"}`;
  });
}
