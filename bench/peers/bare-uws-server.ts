import type { HttpResponse } from "uWebSockets.js";
import { readFileSync } from "node:fs";
import { loadUws } from "../../src/http/uws-binary.js";
import type { FixedAnswer } from "./fixed-answer.js";

/**
 * The smallest uWebSockets.js program that gives one answer: the ceiling that our front end is measured against.
 * Usage: bare-uws-server PORT ANSWER_FILE [BUSY_MICROSECONDS]. BUSY_MICROSECONDS are spent on every request: a handicap
 * of known size, which a bench has to see.
 */

const [port, file, busy = "0"] = process.argv.slice(2) as [string, string, string?];
const fixed = JSON.parse(readFileSync(file, "utf8")) as FixedAnswer;
const body = Buffer.from(fixed.body, "base64");
const busyMs = Number(busy) / 1000;
const { uws } = loadUws();
if (uws === undefined) throw new Error("no uWebSockets.js binary");

function answer(response: HttpResponse, fields: FixedAnswer["getFields"]): void {
  if (busyMs > 0) for (const end = performance.now() + busyMs; performance.now() < end; );
  response.writeStatus("200 OK");
  for (const [name, value] of fields) response.writeHeader(name, value);
  response.end(body);
}

uws
  .App()
  .get("/*", (response) => answer(response, fixed.getFields))
  .post("/*", (response) => {
    response.onAborted(() => {});
    response.onData((_, isLast) => {
      if (isLast) answer(response, fixed.postFields);
    });
  })
  .listen("127.0.0.1", Number(port), (socket) => {
    if (!socket) process.exit(1);
  });
