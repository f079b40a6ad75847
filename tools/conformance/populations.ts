import type { Population } from "./check.js";

/** Kinds of conversations that statements about all answers are checked on. */

const population = (says: string, has: Population["has"]): Population => ({ says, has });

/** Answers to well-formed or malformed questions alike. */
export const httpAnswers = population("every HTTP answer", ({ http }) => http !== undefined);

export const ocspTyped = population(
  "every answer of type application/ocsp-response",
  (seen) => seen.http?.framing !== "none" && /^application\/ocsp-response/i.test(seen.field("content-type")),
);

export const ocspMessages = population("every OCSPResponse", ({ ocsp }) => ocsp !== undefined);

export const signedAnswers = population("every signed answer", ({ ocsp }) => ocsp?.basic !== undefined);

export const errorMessages = population(
  "every OCSP error",
  ({ ocsp }) => ocsp !== undefined && ocsp.status !== 0,
);

/** A GET with base64 that is none may be refused by HTTP too. */
export const errorsToPost = population(
  "every OCSP error to POST",
  (seen) => !seen.isGet && errorMessages.has(seen),
);

/** Signed answers to GET, which HTTP caches may keep. */
export const signedGets = population(
  "every signed answer to GET",
  ({ isGet, http, ocsp }) => isGet && http?.status === 200 && ocsp?.basic !== undefined,
);
