import { post } from "../ask.js";
import { askedCertIDs, findSingle } from "../cert-id.js";
import { type Check, may, must, should } from "../check.js";
import {
  allOrNothing,
  answered,
  anyAnswer,
  malformed,
  noStatus,
  ofBasic,
  refused,
  status,
  strangersUnknown,
} from "../expect-ocsp.js";
import { signedAnswers } from "../populations.js";
import type { CertIDParts, HashName } from "../request-parts.js";
import { AT } from "../request-parts.js";
import { DIRECTORY_NAME, RFC822_NAME, SIGNATURE_GARBAGE, UNKNOWN_EXTENSION } from "./elements.js";

/** Section A of the checklist: what is asked, and of whom (RFC 6960 4.1). */

const GOOD: CertIDParts = {};
const REVOKED: CertIDParts = { of: "revoked" };
const FOREIGN: CertIDParts = { issuer: "foreign" };

const id = (parts: CertIDParts) => post({ ids: [parts] });

const acceptsHash = (hash: HashName): Check =>
  (hash === "sha1" || hash === "sha256" ? must : may)(
    `A5 CertIDs by ${hash} are answered`,
    id({ hash }),
    answered("good"),
  );

export const REQUEST_CHECKS: readonly Check[] = [
  must("A1 a DER request is answered", post(), answered("good")),
  must("A1 a revoked certificate is answered revoked", id(REVOKED), answered("revoked")),
  must("A1 version v2 is malformed", post({ version: "01" }), malformed),
  must("A1 version -1 is malformed", post({ version: "ff" }), malformed),
  must("A1 version 2^32 is malformed", post({ version: "0100000000" }), malformed),
  must("A2 an empty requestList is malformed", post({ ids: [] }), malformed),
  must("A2 a missing requestList is malformed", post({ edits: [{ at: AT.LIST, replace: "" }] }), malformed),
  must("A3 a key hash with the SPKI's own header is not the issuer's", id({ issuer: "whole-key" }), noStatus),
  must(
    "A4 the name of the issuer with another key is another issuer",
    id({ issuer: "foreign-key" }),
    noStatus,
  ),
  must(
    "A4 the key of the issuer with another name is another issuer",
    id({ issuer: "foreign-name" }),
    noStatus,
  ),
  must("A4 name hash and key hash are not interchangeable", id({ issuer: "swapped" }), noStatus),
  ...(["sha1", "sha256", "sha384", "sha512"] as const).map(acceptsHash),
  must("A5 revoked by sha256", id({ of: "revoked", hash: "sha256" }), answered("revoked")),
  should("A5 an unknown hash algorithm is refused", id({ algorithm: "1.3.6.1.4.1.99999.1.5" }), refused),
  must(
    "A5 hashes of another algorithm than it says match nothing",
    id({ algorithm: "1.2.840.113549.2.5" }),
    noStatus,
  ),
  must("A6 sha1 without parameters", id({ parameters: "absent" }), answered("good")),
  must("A6 sha256 without parameters", id({ hash: "sha256", parameters: "absent" }), answered("good")),
  may("A6 parameters other than NULL are malformed", id({ parameters: "020100" }), malformed),
  must(
    "A6 CertIDs of answers are about what was asked: hash algorithm, hashes, serial number",
    signedAnswers,
    ofBasic("a SingleResponse for each CertID of the request", (basic, seen) => {
      const missing = askedCertIDs(seen).filter((certID) => findSingle(seen, certID) === undefined);
      return missing.length === 0 || `${missing.length} of them not among ${basic.singles.length}`;
    }),
  ),
  should(
    "A6 CertIDs are echoed byte for byte",
    signedAnswers,
    ofBasic("the request's own CertIDs", (_, seen) =>
      askedCertIDs(seen).every((certID) => {
        const single = findSingle(seen, certID);
        return single === undefined || Buffer.compare(single.certID, certID) === 0;
      }),
    ),
  ),
  must("A7 an unknown extension is ignored", post({ extensions: [UNKNOWN_EXTENSION] }), answered("good")),
  must(
    "A7 an unknown single extension is ignored",
    post({ singleExtensions: [UNKNOWN_EXTENSION] }),
    answered("good"),
  ),
  must(
    "A7 an unknown extension without a value is ignored",
    post({ extensions: [{ ...UNKNOWN_EXTENSION, value: "" }] }),
    answered("good"),
  ),
  must(
    "A7 an unknown critical extension is not ignored",
    post({ extensions: [{ ...UNKNOWN_EXTENSION, critical: true }] }),
    refused,
  ),
  must(
    "A7 an unknown critical single extension is not ignored",
    post({ singleExtensions: [{ ...UNKNOWN_EXTENSION, critical: true }] }),
    refused,
  ),
  should(
    "A7 a request that is not understood is called malformed",
    post({ extensions: [{ ...UNKNOWN_EXTENSION, critical: true }] }),
    malformed,
  ),
  must(
    "A8 a requestorName without signature is as none: directoryName",
    post({ requestorName: DIRECTORY_NAME }),
    answered("good"),
  ),
  must(
    "A8 a requestorName without signature is as none: rfc822Name",
    post({ requestorName: RFC822_NAME }),
    answered("good"),
  ),
  must(
    "A8 a signed request with a signature by nobody",
    post({ requestorName: DIRECTORY_NAME, signature: SIGNATURE_GARBAGE }),
    anyAnswer,
  ),
  should("A10 two certificates in one request", post({ ids: [GOOD, REVOKED] }), answered("good", "revoked")),
  may(
    "A10 sixteen certificates in one request",
    post({ ids: Array(16).fill(GOOD) }),
    answered(...Array(16).fill("good")),
  ),
  must("A11 two CertIDs: none is dropped", post({ ids: [GOOD, REVOKED] }), allOrNothing),
  must(
    "A11 good, revoked and never issued: none is dropped",
    post({ ids: [GOOD, REVOKED, { of: "unissued" }] }),
    allOrNothing,
  ),
  must(
    "A11 one certificate by two hash algorithms: none is dropped",
    post({ ids: [GOOD, { hash: "sha256" }] }),
    allOrNothing,
  ),
  must("A11 seventeen CertIDs: none is dropped", post({ ids: Array(17).fill(GOOD) }), allOrNothing),
  should(
    "A11 no certificate is added that nobody asked for",
    signedAnswers,
    ofBasic("no more SingleResponses than CertIDs", ({ singles }, seen) => {
      const asked = askedCertIDs(seen).length;
      return asked === 0 || singles.length <= asked || `${singles.length} for ${asked}`;
    }),
  ),
  must(
    "A12 nothing is said of another issuer's certificate beside our own",
    post({ ids: [GOOD, FOREIGN] }),
    strangersUnknown,
  ),
  must(
    "A12 nothing is said of another issuer's certificate before our own",
    post({ ids: [FOREIGN, GOOD] }),
    strangersUnknown,
  ),
  must(
    "A12 another issuer's certificate beside our own: none is dropped",
    post({ ids: [GOOD, FOREIGN] }),
    allOrNothing,
  ),
  should(
    "A12 CertIDs of two issuers are unauthorized",
    post({ ids: [GOOD, FOREIGN] }),
    status("unauthorized"),
  ),
];
