import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, type Kept, readGuard } from "../../bench/guard.js";
import { chartSvg } from "../../bench/harness/chart.js";
import type { Comparison } from "../../bench/harness/result.js";
import { median, nullOf, ratioOf } from "../../bench/harness/statistics.js";
import { interleave } from "../../bench/harness/trial.js";

test("a ratio is the median of the rounds' ratios, and one disturbed round does not move it", () => {
  const { ratio, low, high } = ratioOf([20, 22, 18, 20, 21, 19, 2], [10, 11, 9, 10, 10.5, 9.5, 10]);
  assert.equal(ratio, 2);
  assert.deepEqual([low, high], [0.2, 2]);
});

test("the interval of a median are the order statistics of the sign test", () => {
  const ones = Array.from({ length: 15 }, () => 1);
  const ratios = Array.from({ length: 15 }, (_, i) => i + 1);
  const { low, high } = ratioOf(ratios, ones);
  assert.deepEqual([low, high], [4, 12]);
});

test("the smallest visible effect is what A against A makes by noise", () => {
  const noise = nullOf([1, 1, 1, 1, 1, 1], [1.1, 0.9, 1, 1, 1, 1]);
  assert.equal(noise.least, 0.9);
  assert.equal(noise.most, 1.1);
  assert.ok(Math.abs(noise.smallestEffect - (1 / 0.9 - 1)) < 1e-12);
});

test("the median of an even number of values lies between the middle two", () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test("every base is measured twice a round, and each contestant in every round", async () => {
  const measured: string[] = [];
  const contestant = (name: string, rate: number) => ({
    name,
    measure: async () => {
      measured.push(name);
      return { rate };
    },
  });
  const pairing = { what: "ours", base: "theirs", metric: "rate", atLeast: 1.5 };
  const [comparison] = await interleave(
    [contestant("ours", 4), contestant("theirs", 2)],
    [pairing],
    3,
    () => {},
  );
  assert.equal(measured.filter((name) => name === "theirs").length, 6);
  assert.equal(measured.filter((name) => name === "ours").length, 3);
  assert.equal(comparison?.ratio, 2);
  assert.equal(comparison?.null.smallestEffect, 0);
  assert.equal(comparison?.atLeast, 1.5);
});

const comparison = (metric: string, ratio: number, smallestEffect = 0.01): Comparison => ({
  what: "a",
  against: "b",
  metric,
  ratio,
  low: ratio * 0.98,
  high: ratio * 1.02,
  rounds: 9,
  null: { least: 1, most: 1, smallestEffect },
});
const kept = (metric: string, ratio: number): Map<string, Kept> =>
  new Map([[`cached: a / b, ${metric}`, { ratio, low: ratio * 0.98, high: ratio * 1.02 }]]);
const worse = (now: Comparison, before: Map<string, Kept>): number =>
  judge([{ bench: "cached", comparisons: [now], figures: [], controls: [] }], before).worse.length;

test("the guard fails on a lower rate and on a higher cost, beyond the noise", () => {
  assert.equal(worse(comparison("rate", 0.7), kept("rate", 1)), 1);
  assert.equal(worse(comparison("cost", 1.3), kept("cost", 1)), 1);
});

test("the guard lets pass what is better, within its tolerance, or within what this run could see", () => {
  assert.equal(worse(comparison("rate", 1.3), kept("rate", 1)), 0);
  assert.equal(worse(comparison("cost", 0.7), kept("cost", 1)), 0);
  assert.equal(worse(comparison("rate", 0.95), kept("rate", 1)), 0);
  assert.equal(worse(comparison("rate", 0.7, 0.6), kept("rate", 1)), 0);
});

test("the guard does not pass for want of anything to compare", () => {
  assert.throws(() => worse(comparison("rate", 1), kept("cost", 1)), /none of these ratios/);
});

test("a chart has one line for each series, and no markup of its names", () => {
  const svg = chartSvg({
    title: "a < b",
    x: "n",
    y: "rate",
    logX: true,
    lines: [
      {
        name: "ours",
        points: [
          [10, 1],
          [1000, 3],
        ],
      },
      {
        name: "theirs",
        points: [
          [10, 2],
          [1000, 2],
        ],
      },
    ],
  });
  assert.equal(svg.match(/<polyline/g)?.length, 2);
  assert.ok(svg.includes("a &#60; b"));
  assert.ok(!svg.includes("NaN"));
});

test("the guard does not compare with another processor's ratios", () => {
  assert.throws(() => readGuard("a processor that nobody has"), /no ratios are committed for this processor/);
});
