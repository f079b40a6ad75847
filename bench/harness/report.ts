import { describeMachine } from "./machine.js";
import type { BenchResult, BenchRun, Comparison, Control, Figure } from "./result.js";

/** What a run is, for people. */
export function headText({ command, date, machine }: BenchRun): string {
  return `${command}\n${date}\n${describeMachine(machine)}`;
}

export function resultText({ bench, comparisons, figures, controls }: BenchResult): string {
  const parts = [`== ${bench}`];
  if (comparisons.length > 0) parts.push(table(COMPARISON_HEAD, comparisons.map(comparisonRow)));
  if (figures.length > 0)
    parts.push(table(["figure", "value", "unit", "wanted", ""], figures.map(figureRow)));
  if (controls.length > 0) parts.push(table(["control", "", ""], controls.map(controlRow)));
  return parts.join("\n\n");
}

const COMPARISON_HEAD = [
  "what",
  "against",
  "by",
  "ratio",
  "95 %",
  "A against A",
  "visible from",
  "rounds",
  "wanted",
  "",
];

function comparisonRow(comparison: Comparison): string[] {
  const { what, against, metric, ratio, low, high, null: noise, rounds } = comparison;
  return [
    what,
    against,
    metric,
    factor(ratio),
    `${factor(low)} to ${factor(high)}`,
    `${factor(noise.least)} to ${factor(noise.most)}`,
    `${(noise.smallestEffect * 100).toFixed(1)} %`,
    String(rounds),
    wanted(comparison, factor),
    verdict(ratio, comparison),
  ];
}

function figureRow(figure: Figure): string[] {
  const { what, value, unit, note = "" } = figure;
  return [
    what,
    amount(value),
    unit,
    wanted(figure, amount),
    [verdict(value, figure), note].filter(Boolean).join("; "),
  ];
}

const controlRow = ({ what, passed, detail }: Control): string[] => [what, passed ? "ok" : "FAILED", detail];

interface Wanted {
  readonly atLeast?: number;
  readonly atMost?: number;
}

function wanted({ atLeast, atMost }: Wanted, text: (value: number) => string): string {
  if (atLeast !== undefined) return `>= ${text(atLeast)}`;
  return atMost === undefined ? "" : `<= ${text(atMost)}`;
}

/** "" where nothing is asked for. */
export function verdict(value: number, { atLeast, atMost }: Wanted): string {
  if (atLeast === undefined && atMost === undefined) return "";
  return value >= (atLeast ?? value) && value <= (atMost ?? value) ? "met" : "NOT met";
}

const factor = (value: number): string => (value < 10 ? value.toFixed(3) : value.toFixed(1));

/** About four significant digits. */
export function amount(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(4)));
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]): string =>
    widths
      .map((width, column) => (row[column] ?? "").padEnd(width))
      .join("  ")
      .trimEnd();
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
