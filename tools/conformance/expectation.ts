import type { Seen } from "./seen.js";

/** Thrown or returned where a check has nothing to look at; the message says why. */
export class NotApplicable extends Error {}

/** `true`: as expected; `false`: not, what came says enough; text: not, with this said of what came. */
export type Judgement = boolean | string | NotApplicable;

/** One thing that is expected of what came, and how it reads in a report. */
export interface Expectation {
  readonly says: string;
  /** `reference`: the answer to GET about the good certificate. */
  judge(seen: Seen, reference: Seen): Judgement;
}

export function expectation(says: string, judge: Expectation["judge"]): Expectation {
  return { says, judge };
}

/** Satisfied by any of them; applicable if any is. */
export function anyOf(...choices: readonly Expectation[]): Expectation {
  return expectation(choices.map(({ says }) => says).join(", or "), (seen, reference) => {
    const judgements = choices.map((choice) => choice.judge(seen, reference));
    return (
      judgements.find((judgement) => judgement === true) ??
      judgements.find(isFailure) ??
      judgements[0] ??
      true
    );
  });
}

const isFailure = (judgement: Judgement): boolean => judgement === false || typeof judgement === "string";
