import type { Ask } from "./ask.js";
import type { Expectation } from "./expectation.js";
import type { Seen } from "./seen.js";
import type { Profile } from "./target.js";

/** What a failure is: of a must a fault, of a should a warning, of a may a note. */
export type Level = "M" | "S" | "O";

/** The conversations of a whole run that a statement about all answers of a kind is checked on. */
export interface Population {
  readonly says: string;
  has(seen: Seen): boolean;
}

/** One testable statement: what is asked, or which answers are looked at, and what is expected of each. */
export interface Check {
  /** Begins with the number of the requirement. */
  readonly name: string;
  readonly level: Level;
  /** Absent: for every profile. */
  readonly only?: Profile;
  readonly of: Ask | Population;
  readonly expect: readonly Expectation[];
}

type Row = (name: string, of: Check["of"], ...expect: Expectation[]) => Check;

const row =
  (level: Level, only?: Profile): Row =>
  (name, of, ...expect) => ({ name, level, of, expect, ...(only === undefined ? {} : { only }) });

/** Rows of the tables, by level; those of the Baseline Requirements and root programs apply in their profile only. */
export const must = row("M");
export const should = row("S");
export const may = row("O");
export const brMust = row("M", "cabf-br");
export const pkixShould = row("S", "pkix");

export function isPopulation(of: Check["of"]): of is Population {
  return "has" in of;
}

/** Section of the checklist that a check is reported under; what is not of A to F and P concerns the response. */
export function groupOf({ name }: Check): string {
  return /^[A-FP]/.exec(name)?.[0] ?? "B";
}

/** Number of its requirement, such as F12. */
export function requirementOf({ name }: Check): string {
  return name.split(" ", 1)[0] as string;
}
