import { get, post } from "../ask.js";
import { askedCertIDs } from "../cert-id.js";
import { type Check, should } from "../check.js";
import { ofBasic, status } from "../expect-ocsp.js";
import { expectation, NotApplicable } from "../expectation.js";
import { httpAnswers, signedAnswers } from "../populations.js";

/** Section E: the profile for high-volume environments (RFC 9919, formerly 5019). */

const MAX_CLOCK_ERROR = 60;

export const LIGHTWEIGHT_CHECKS: readonly Check[] = [
  should(
    "E1 one SingleResponse to a request about one certificate",
    signedAnswers,
    ofBasic(
      "one SingleResponse",
      ({ singles }, seen) => askedCertIDs(seen).length !== 1 || singles.length === 1 || `${singles.length}`,
    ),
  ),
  should(
    "E3 an issuer without records is unauthorized: POST",
    post({ ids: [{ issuer: "foreign" }] }),
    status("unauthorized"),
  ),
  should(
    "E3 an issuer without records is unauthorized: GET",
    get({ ids: [{ issuer: "foreign" }] }),
    status("unauthorized"),
  ),
  should(
    "E4 the responder's clock is right",
    httpAnswers,
    expectation(`Date within ${MAX_CLOCK_ERROR} s of this machine's clock`, (seen) => {
      const date = Date.parse(seen.field("date")) / 1000;
      if (Number.isNaN(date)) return new NotApplicable("no Date");
      return Math.abs(date - seen.at) <= MAX_CLOCK_ERROR || seen.field("date");
    }),
  ),
];
