import assert from "node:assert/strict";
import type { HttpCase } from "./http-cases.js";
import { type Connect, type Delivery, RawClient, type WireAnswer } from "./http-client.js";

const IMF_FIXDATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** Sends one case and checks every answer and what the server does with the connection. */
export async function runCase(
  port: number,
  httpCase: HttpCase,
  delivery: Delivery,
  connect: Connect = (port) => RawClient.connect(port),
): Promise<void> {
  const client = await connect(port);
  const sent = client.send(httpCase.send, delivery);
  for (const expected of httpCase.answers) {
    const answer = await client.answer(expected.toHead);
    assert.ok(answer, "the server closed without an answer");
    checkAnswer(answer, expected);
  }
  await sent;
  if (httpCase.closes !== true) client.halfClose();
  assert.equal(await client.rest(), "", "bytes after the last answer");
  await client.close();
}

function checkAnswer(answer: WireAnswer, expected: HttpCase["answers"][number]): void {
  assert.equal(answer.status, expected.status, answer.body);
  assert.match(answer.fields.get("date") ?? "", IMF_FIXDATE);
  assert.deepEqual(answer.repeated, [], "a field sent twice");
  assert.equal(answer.fields.has("content-length"), answer.status !== 304);
  if (expected.body !== undefined) assert.equal(answer.body, expected.body);
  for (const [name, value] of Object.entries(expected.fields ?? {}))
    assert.equal(answer.fields.get(name)?.toLowerCase(), value, name);
}
