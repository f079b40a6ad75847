import type { Figure } from "./result.js";

type Wanted = Pick<Figure, "atLeast" | "atMost">;

/** What tells the elements of an array from each other. */
const LABELS: ReadonlySet<string> = new Set(["token", "key", "sessions", "batch", "addon"]);

/**
 * Every number of a plain value, named by the way to it; elements of an array by their labels. `wanted` knows the targets by these names.
 */
export function* plainFigures(
  value: unknown,
  wanted: (name: string) => Wanted | undefined,
  name = "",
): Generator<Figure> {
  if (typeof value === "number") yield { what: name, value, unit: "", ...wanted(name) };
  else if (Array.isArray(value))
    for (const element of value)
      yield* plainFigures(withoutLabels(element), wanted, `${name} ${labelOf(element)}`);
  else if (typeof value === "object" && value !== null)
    for (const [key, inner] of Object.entries(value))
      yield* plainFigures(inner, wanted, name === "" ? key : `${name}.${key}`);
}

function labelOf(element: object): string {
  const said = Object.entries(element).filter(([key, value]) => LABELS.has(key) && value !== false);
  return said.map(([key, value]) => (typeof value === "string" ? value : `${key} ${value}`)).join(" ");
}

const withoutLabels = (element: object): object =>
  Object.fromEntries(Object.entries(element).filter(([key]) => !LABELS.has(key)));
