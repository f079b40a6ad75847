import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TARGETS } from "./all-targets.js";
import { readCorpus } from "./corpus.js";
import { Fuzzer } from "./fuzzer.js";

/** P31: the corpus, then the same changes to it in every run; `npm run fuzz` goes on with other ones. */

const STEPS = 1_000;
const SEED = 1;

for (const [name, make] of Object.entries(TARGETS))
  describe(`fuzzing ${name}`, () => {
    const target = make();
    const corpus = readCorpus(name);

    test("P31: every input of the corpus keeps the rules, openssl's judgement among them", () => {
      assert.ok(corpus.length >= 10);
      for (const each of corpus) {
        target.check(each.input);
        target.judge?.(each.input);
      }
    });

    test(`P31: so do ${STEPS} inputs made from it`, () => {
      const fuzzer = new Fuzzer(
        target,
        corpus.map(({ input }) => input),
        SEED,
      );
      const atStart = fuzzer.outcomes.size;
      for (let i = 0; i < STEPS; i++) fuzzer.step();
      const broken = fuzzer.found.map(({ rule, input }) => `${rule}: ${Buffer.from(input).toString("hex")}`);
      assert.deepEqual(broken, []);
      assert.ok(fuzzer.outcomes.size > atStart, "changes reach what the corpus does not");
    });
  });
