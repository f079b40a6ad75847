import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Answer,
  type BatchResult,
  NOTHING_ANSWERED,
  packResult,
  unpackResult,
  unsignedAnswer,
} from "../../src/responder/batch.js";

const GOOD: Answer = {
  outcome: "good",
  cacheable: true,
  thisUpdate: 1_800_000_000,
  nextUpdate: 2 ** 33,
  maxAge: 3_600,
  rows: ["\0\x01\xff\x80"],
  hash: "sha512",
};
const ANSWERS: readonly Answer[] = [
  GOOD,
  { ...GOOD, outcome: "revoked", cacheable: false, rows: ["a", "b", "c"], hash: "sha1" },
  { ...GOOD, outcome: "unknown", rows: [], hash: undefined },
  ...(["malformedRequest", "unauthorized", "sigRequired", "tryLater", "internalError"] as const).map(
    unsignedAnswer,
  ),
  GOOD,
];

const crossed = (result: BatchResult): BatchResult => unpackResult(structuredClone(packResult(result)));

test("what a worker says of each answer crosses to the main thread unchanged", () => {
  const result = { ...NOTHING_ANSWERED, position: 7, answers: ANSWERS, signatures: 4, signingMs: 0.25 };
  assert.deepEqual(crossed(result), result);
});

test("a result without answers keeps its fault and delegates", () => {
  const fault = { code: "TOKEN_FAILED", message: "x" } as const;
  const result = { ...NOTHING_ANSWERED, signingFault: "x", fault, delegates: new Map([["root", 5]]) };
  assert.deepEqual(crossed(result), result);
});
