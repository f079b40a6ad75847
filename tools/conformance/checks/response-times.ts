import { brMust, type Check, must } from "../check.js";
import { ofBasic, ofSingles } from "../expect-ocsp.js";
import type { Single, Time } from "../ocsp-answer.js";
import { signedAnswers } from "../populations.js";

/** Section B: times of an answer (RFC 6960 2.4, RFC 9919 3.2.4), on every answer of the run. */

/** Clocks of two machines may differ by so many seconds. */
export const CLOCK_SKEW = 5;
const HOUR = 3600;
const DAY = 24 * HOUR;
const FORM = "GeneralizedTime, whole seconds, Z";

export const TIME_CHECKS: readonly Check[] = [
  must(
    "B6 producedAt is YYYYMMDDHHMMSSZ",
    signedAnswers,
    ofBasic(FORM, ({ producedAt }) => wellFormed(producedAt)),
  ),
  must(
    "B6 thisUpdate is YYYYMMDDHHMMSSZ",
    signedAnswers,
    ofSingles(FORM, ({ thisUpdate }) => wellFormed(thisUpdate)),
  ),
  must(
    "B6 nextUpdate is YYYYMMDDHHMMSSZ",
    signedAnswers,
    ofSingles(FORM, ({ nextUpdate }) => wellFormed(nextUpdate)),
  ),
  must(
    "B6 revocationTime is YYYYMMDDHHMMSSZ",
    signedAnswers,
    ofSingles(FORM, ({ revocationTime }) => wellFormed(revocationTime)),
  ),
  must(
    "B6 thisUpdate is not after producedAt",
    signedAnswers,
    ofBasic("thisUpdate <= producedAt", ({ producedAt, singles }) =>
      singles.every(({ thisUpdate }) => !(thisUpdate.seconds > producedAt.seconds)),
    ),
  ),
  must(
    "B6 producedAt is not in the future",
    signedAnswers,
    ofBasic(
      "producedAt <= now",
      ({ producedAt }, { at }) => !(producedAt.seconds > at + CLOCK_SKEW) || producedAt.text,
    ),
  ),
  must(
    "B6 thisUpdate is before nextUpdate",
    signedAnswers,
    ofSingles(
      "thisUpdate < nextUpdate",
      ({ thisUpdate, nextUpdate }) => nextUpdate === undefined || thisUpdate.seconds < nextUpdate.seconds,
    ),
  ),
  must(
    "B7 nextUpdate is there",
    signedAnswers,
    ofSingles("nextUpdate", ({ nextUpdate }) => nextUpdate !== undefined || "none"),
  ),
  must(
    "B22 no answer is served past its nextUpdate",
    signedAnswers,
    ofSingles(
      "now < nextUpdate",
      ({ nextUpdate }, { at }) =>
        nextUpdate === undefined || at < nextUpdate.seconds + CLOCK_SKEW || nextUpdate.text,
    ),
  ),
  brMust(
    "J5 an answer is valid for 8 hours to 10 days",
    signedAnswers,
    ofSingles("8 h <= nextUpdate - thisUpdate <= 10 d", (single) =>
      isBetween(validity(single), 8 * HOUR, 10 * DAY),
    ),
  ),
  brMust(
    "K2 an answer is valid for at most 7 days",
    signedAnswers,
    ofSingles("nextUpdate - thisUpdate <= 7 d", (single) => isBetween(validity(single), 0, 7 * DAY)),
  ),
  brMust(
    "K1 an answer is at most 4 days old",
    signedAnswers,
    ofSingles("thisUpdate >= now - 4 d", ({ thisUpdate }, { at }) =>
      isBetween(at - thisUpdate.seconds, -CLOCK_SKEW, 4 * DAY),
    ),
  ),
];

function wellFormed(time: Time | undefined): boolean | string {
  return time === undefined || time.wellFormed || time.text.slice(0, 40);
}

const validity = ({ thisUpdate, nextUpdate }: Single): number =>
  (nextUpdate?.seconds ?? Number.NaN) - thisUpdate.seconds;

function isBetween(seconds: number, least: number, most: number): boolean | string {
  return (seconds >= least && seconds <= most) || `${seconds} s`;
}
