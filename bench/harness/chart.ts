import type { Chart } from "./result.js";

const WIDTH = 640;
const HEIGHT = 360;
const MARGIN = { left: 64, right: 132, top: 36, bottom: 44 };
const COLOURS = ["#1b5e8c", "#b5451b", "#3d7a2a", "#7a3d8c", "#8c6d1b", "#444444"];
const TICKS = 5;

type Scale = (value: number) => number;

/** A line chart as SVG. */
export function chartSvg({ title, x, y, logX = false, logY = false, lines }: Chart): string {
  const points = lines.flatMap((line) => line.points);
  const right = WIDTH - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const across = range(
    points.map(([value]) => value),
    logX,
  );
  const up = range(
    points.map(([, value]) => value),
    logY,
  );
  const toX = scale(across, MARGIN.left, right, logX);
  const toY = scale(up, bottom, MARGIN.top, logY);
  const parts = [
    text(MARGIN.left, 20, title, 'font-weight="bold"'),
    text((MARGIN.left + right) / 2, HEIGHT - 8, x, 'text-anchor="middle"'),
    text(8, MARGIN.top - 8, y),
    ...ticks(across, logX).flatMap((value) => [
      stroke(toX(value), MARGIN.top, toX(value), bottom),
      text(toX(value), bottom + 16, short(value), 'text-anchor="middle"'),
    ]),
    ...ticks(up, logY).flatMap((value) => [
      stroke(MARGIN.left, toY(value), right, toY(value)),
      text(MARGIN.left - 6, toY(value) + 4, short(value), 'text-anchor="end"'),
    ]),
    ...lines.flatMap(({ name, points: of }, i) => [
      `<polyline fill="none" stroke="${colour(i)}" stroke-width="2" points="${of.map(([a, b]) => `${toX(a).toFixed(1)},${toY(b).toFixed(1)}`).join(" ")}"/>`,
      text(right + 8, MARGIN.top + 16 * (i + 1), name, `fill="${colour(i)}"`),
    ]),
  ];
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`;
  return `${[head, `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`, ...parts, "</svg>"].join("\n")}\n`;
}

/** Least and greatest value; a linear axis starts at zero. */
function range(values: readonly number[], log: boolean): readonly [number, number] {
  const most = Math.max(...values);
  const least = log ? Math.min(...values.filter((value) => value > 0)) : Math.min(0, ...values);
  return [least, most > least ? most : least + 1];
}

function scale([least, most]: readonly [number, number], from: number, to: number, log: boolean): Scale {
  const on = log ? Math.log : (value: number) => value;
  return (value) =>
    from + ((on(Math.max(value, log ? least : value)) - on(least)) / (on(most) - on(least))) * (to - from);
}

function ticks([least, most]: readonly [number, number], log: boolean): number[] {
  if (!log) return Array.from({ length: TICKS + 1 }, (_, i) => least + ((most - least) * i) / TICKS);
  const first = Math.ceil(Math.log10(least));
  return Array.from({ length: Math.floor(Math.log10(most)) - first + 1 }, (_, i) => 10 ** (first + i));
}

const colour = (i: number): string => COLOURS[i % COLOURS.length] as string;

const short = (value: number): string => {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  return value >= 1e4 ? `${Number((value / 1e3).toPrecision(3))} k` : String(Number(value.toPrecision(3)));
};

const stroke = (x1: number, y1: number, x2: number, y2: number): string =>
  `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#dddddd"/>`;

const text = (x: number, y: number, content: string, more = ""): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${content.replace(/[<>&]/g, (c) => `&#${c.charCodeAt(0)};`)}</text>`;
