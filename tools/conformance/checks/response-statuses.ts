import { OID } from "../../../src/asn1/oid.js";
import { hex } from "../../../src/core/bytes.js";
import { get, post } from "../ask.js";
import { brMust, type Check, may, must, pkixShould } from "../check.js";
import { answered, anyAnswer, noStatus, notGood, ofBasic, ofSingles, status } from "../expect-ocsp.js";
import { anyOf, type Expectation, NotApplicable } from "../expectation.js";
import type { BasicAnswer, Single } from "../ocsp-answer.js";
import { signedAnswers } from "../populations.js";
import type { CertIDParts } from "../request-parts.js";
import type { Seen } from "../seen.js";
import { CLOCK_SKEW } from "./response-times.js";

/** Section B: what is said of a certificate (RFC 6960 2.2, 4.2.1, 4.4.8). */

const id = (parts: CertIDParts) => post({ ids: [parts] });
const UNISSUED: CertIDParts = { of: "unissued" };
const FOREIGN: CertIDParts = { issuer: "foreign" };

export const STATUS_CHECKS: readonly Check[] = [
  must("B8 good is 80 00", signedAnswers, encodedAs("good", "8000")),
  must("B8 unknown is 82 00", signedAnswers, encodedAs("unknown", "8200")),
  must(
    "B8 certStatus is good, revoked or unknown",
    signedAnswers,
    ofSingles(
      "tag 80, A1 or 82",
      ({ status: name, certStatus }) => name !== "invalid" || hex(certStatus).slice(0, 40),
    ),
  ),
  must("B9 a serial number nobody issued is not good: POST", id(UNISSUED), notGood),
  must("B9 a serial number nobody issued is not good: GET", get({ ids: [UNISSUED] }), notGood),
  must("B9 a serial number nobody issued is not good: sha256", id({ ...UNISSUED, hash: "sha256" }), notGood),
  must("B9 a serial number with one more octet in front is another one", id({ serial: "prefixed" }), notGood),
  must(
    "B10 revocationTime is in the past",
    signedAnswers,
    ofSingles(
      "revocationTime <= now",
      ({ revocationTime }, { at }) =>
        revocationTime === undefined || revocationTime.seconds <= at + CLOCK_SKEW || revocationTime.text,
    ),
  ),
  must(
    "B10 a reason is one that is defined",
    signedAnswers,
    ofSingles(
      "0 to 6, 8, 9 or 10",
      ({ reason }) => reason === undefined || (reason <= 10 && reason !== 7) || `reason ${reason}`,
    ),
  ),
  pkixShould(
    "B10 reason unspecified is left out",
    signedAnswers,
    ofSingles("no reason 0", ({ reason }) => reason !== 0),
  ),
  brMust(
    "B10 reason unspecified is not encoded",
    signedAnswers,
    ofSingles("no reason 0", ({ reason }) => reason !== 0),
  ),
  must(
    "B10 removeFromCRL is no status",
    signedAnswers,
    ofSingles("no reason 8", ({ reason }) => reason !== 8),
  ),
  brMust(
    "B11 a revoked CA certificate has a reason",
    id({ of: "revoked" }),
    ofSingles(
      "revocationReason",
      ({ reason }, { target }) => target.revoked.basicConstraints?.cA !== true || reason !== undefined,
    ),
  ),
  must("B12 an issuer that is not served: POST", id(FOREIGN), noStatus, anyAnswer),
  must("B12 an issuer that is not served: GET", get({ ids: [FOREIGN] }), noStatus, anyAnswer),
  must("B12 an issuer that is not served: sha256", id({ ...FOREIGN, hash: "sha256" }), noStatus, anyAnswer),
  may(
    "B14 a serial number nobody issued is unknown or unauthorized",
    id(UNISSUED),
    anyOf(status("unauthorized"), answered("unknown")),
  ),
  must(
    "B13 a serial number nobody issued, if revoked: reason certificateHold",
    id(UNISSUED),
    nonIssuedRevoked("reason 6", ({ reason }) => reason === 6 || `reason ${reason ?? "none"}`),
  ),
  must(
    "B13 a serial number nobody issued, if revoked: since 1970",
    id(UNISSUED),
    nonIssuedRevoked(
      "19700101000000Z",
      ({ revocationTime }) => revocationTime?.seconds === 0 || `${revocationTime?.text}`,
    ),
  ),
  must(
    "B13 a serial number nobody issued, if revoked: id-pkix-ocsp-extended-revoke",
    id(UNISSUED),
    nonIssuedRevoked("the extension in responseExtensions", (_, { extensions }) =>
      extensions.some(isExtendedRevoke),
    ),
  ),
  must(
    "B13 a serial number nobody issued, if revoked: no reference to a CRL",
    id(UNISSUED),
    nonIssuedRevoked(
      "no singleExtension of a CRL",
      ({ extensions }) => !extensions.some(({ oid }) => isOfCrl(oid)),
    ),
  ),
  must(
    "B13 id-pkix-ocsp-extended-revoke is NULL and not critical",
    signedAnswers,
    ofBasic("05 00, not critical", ({ extensions }) =>
      extensions
        .filter(isExtendedRevoke)
        .every(({ critical, value }) => critical !== true && hex(value) === "0500"),
    ),
  ),
  must(
    "B13 id-pkix-ocsp-extended-revoke is no singleExtension",
    signedAnswers,
    ofSingles("no such singleExtension", ({ extensions }) => !extensions.some(isExtendedRevoke)),
  ),
];

function encodedAs(name: "good" | "unknown", encoding: string): Expectation {
  return ofSingles(
    encoding,
    ({ status: own, certStatus }) =>
      own !== name || hex(certStatus) === encoding || hex(certStatus).slice(0, 40),
  );
}

/** Judges the answer about a serial number that nobody issued where it says revoked. */
function nonIssuedRevoked(
  says: string,
  judge: (single: Single, basic: BasicAnswer, seen: Seen) => boolean | string,
): Expectation {
  return ofBasic(says, (basic, seen) => {
    const single = basic.singles.find(({ status }) => status === "revoked");
    return single === undefined ? new NotApplicable("not answered revoked") : judge(single, basic, seen);
  });
}

const isExtendedRevoke = ({ oid }: { readonly oid: string }): boolean => oid === OID.idPkixOcspExtendedRevoke;

/** CRL references and CRL entry extensions (RFC 6960 4.4.2, 4.4.5). */
const isOfCrl = (oid: string): boolean =>
  oid === OID.idPkixOcspCrl || oid === OID.reasonCode || oid === OID.invalidityDate;
