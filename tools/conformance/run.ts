import { DerError } from "../../src/asn1/reader.js";
import { SekishoError } from "../../src/core/errors.js";
import { ALL_CHECKS } from "./all-checks.js";
import { type Ask, get, post } from "./ask.js";
import { type Check, groupOf, isPopulation, type Population, requirementOf } from "./check.js";
import { LAST_CHECK } from "./checks/bad-requests.js";
import type { Limits } from "./exchange.js";
import { type Expectation, type Judgement, NotApplicable } from "./expectation.js";
import { Kit, ResponderGone } from "./kit.js";
import type { Seen } from "./seen.js";
import type { Target } from "./target.js";

/** How a check came out. `absent`: there is nothing it could look at; `unasked`: the responder was gone before. */
export type Verdict = "passed" | "failed" | "absent" | "unasked";

export interface Result {
  readonly check: Check;
  readonly verdict: Verdict;
  readonly expected: string;
  /** What came instead, or why there is nothing to say. */
  readonly came: string;
  /** The conversation that decided; absent when there was none. */
  readonly seen?: Seen;
}

/** Answer to GET that conditional requests and HEAD are compared with. */
const REFERENCE = get();

/** Plain questions, so that statements about all answers have something to look at where one section is asked alone. */
const PLAIN: readonly Ask[] = [
  REFERENCE,
  post(),
  post({ ids: [{ of: "revoked" }] }),
  post({ ids: [{ of: "unissued" }] }),
  post({ ids: [{ issuer: "foreign" }] }),
  post({ extensions: [{ nonce: 32 }] }),
  post("68656c6c6f"),
];

/** Checks of the target's profile; with `only`, those of these sections (a letter) or requirements (such as F12). */
export function selectChecks(target: Target, only: readonly string[]): Check[] {
  return ALL_CHECKS.filter((check) => {
    if (check.only !== undefined && check.only !== target.profile) return false;
    if (only.length === 0 || check === LAST_CHECK) return true;
    return only.some((wanted) => wanted === groupOf(check) || wanted === requirementOf(check));
  });
}

/**
 * Runs the checks one after the other, statements about all answers last. Throws USAGE if there is nobody to ask.
 * `progress` is told how many of how many are done.
 */
export async function runChecks(
  target: Target,
  checks: readonly Check[],
  limits: Limits,
  progress: (done: number, all: number) => void,
): Promise<Result[]> {
  const kit = new Kit(target, limits);
  const reference = await firstAnswer(kit);
  const results = new Map<Check, Result>();
  let last = "the plain questions";
  let gone = "";
  for (const ask of PLAIN) if (gone === "") gone = await tryAsking(kit, ask, last);
  for (const check of checks) {
    const { of } = check;
    if (isPopulation(of)) continue;
    if (gone === "") gone = await tryAsking(kit, of, last);
    results.set(check, gone === "" ? await judgeAsk(kit, check, of, reference) : unasked(check, gone));
    last = check.name;
    progress(results.size, checks.length);
  }
  for (const check of checks)
    if (isPopulation(check.of)) results.set(check, judgeAll(kit, check, check.of, reference));
  return checks.map((check) => results.get(check) as Result);
}

async function firstAnswer(kit: Kit): Promise<Seen> {
  try {
    return await kit.see(REFERENCE);
  } catch (error) {
    if (!(error instanceof ResponderGone)) throw error;
    throw new SekishoError("USAGE", `--url: nobody accepts connections at ${kit.target.authority}`);
  }
}

/** Why nobody can be asked any more; "" if the question was asked, or cannot be put to this target. */
async function tryAsking(kit: Kit, ask: Ask, last: string): Promise<string> {
  try {
    await kit.see(ask);
    return "";
  } catch (error) {
    if (error instanceof NotApplicable) return "";
    if (error instanceof ResponderGone) return `${error.message} since "${last}"`;
    throw error;
  }
}

async function judgeAsk(kit: Kit, check: Check, ask: Ask, reference: Seen): Promise<Result> {
  try {
    return judge(check, await kit.see(ask), reference);
  } catch (error) {
    if (error instanceof NotApplicable) return absent(check, error.message);
    throw error;
  }
}

/** Judges a statement on every conversation that it is about; the first fault decides. */
function judgeAll(kit: Kit, check: Check, population: Population, reference: Seen): Result {
  const judged = kit.all.filter(population.has).map((seen) => judge(check, seen, reference));
  const failed = judged.filter(({ verdict }) => verdict === "failed");
  const [first] = failed;
  if (first !== undefined) return { ...first, came: `${first.came} (${failed.length} of ${judged.length})` };
  return (
    judged.find(({ verdict }) => verdict === "passed") ?? judged[0] ?? absent(check, "no such answer came")
  );
}

function judge(check: Check, seen: Seen, reference: Seen): Result {
  for (const expectation of check.expect) {
    const judgement = judgementOf(expectation, seen, reference);
    if (judgement === true) continue;
    if (judgement instanceof NotApplicable) return absent(check, judgement.message);
    const came = judgement === false ? seen.came : judgement;
    return { check, verdict: "failed", expected: expectation.says, came, seen };
  }
  return { check, verdict: "passed", expected: "", came: "", seen };
}

function judgementOf(expectation: Expectation, seen: Seen, reference: Seen): Judgement {
  try {
    return expectation.judge(seen, reference);
  } catch (error) {
    if (error instanceof NotApplicable) return error;
    if (error instanceof DerError) return error.message;
    throw error;
  }
}

const absent = (check: Check, came: string): Result => ({ check, verdict: "absent", expected: "", came });

const unasked = (check: Check, came: string): Result => ({
  check,
  verdict: check === LAST_CHECK ? "failed" : "unasked",
  expected: "an answer",
  came,
});
