import { OID } from "../../../src/asn1/oid.js";
import { hex } from "../../../src/core/bytes.js";
import { get, post, withOptions } from "../ask.js";
import { brMust, type Check, may, must, should } from "../check.js";
import {
  answered,
  anyAnswer,
  findNonce,
  malformed,
  neverDereferenced,
  noNonce,
  nonceEchoed,
  nonceEchoedIfAny,
  ofBasic,
  ofSingles,
  refused,
} from "../expect-ocsp.js";
import { anyOf } from "../expectation.js";
import { ID_PKIX_OCSP_BASIC } from "../ocsp-answer.js";
import { signedAnswers } from "../populations.js";
import type { ExtensionParts } from "../request-parts.js";
import { readAlgorithm } from "../signature.js";
import { acceptableResponses, octets, preferredAlgorithms, rawNonce, UNKNOWN_EXTENSION } from "./elements.js";

/** Section D: extensions of requests and answers (RFC 6960 4.4, RFC 9654). */

const withExtensions = (...extensions: ExtensionParts[]) => post({ extensions });
const nonce = (length: number) => withExtensions({ nonce: length });
const OTHER_TYPE = "1.3.6.1.4.1.99999.1.2";
const SHA1_WITH_RSA = "1.2.840.113549.1.1.5";
const MD5_WITH_RSA = "1.2.840.113549.1.1.4";

const NONCES: readonly Check[] = [
  // Which lengths a responder has to take: RFC 8954 says 1 to 32, RFC 9654 at least 16 to 32 of 1 to 128.
  ...[16, 20, 24, 31, 32].map((length) =>
    must(
      `D1 a nonce of ${length} octets comes back as it was, or none does`,
      nonce(length),
      answered("good"),
      nonceEchoedIfAny,
    ),
  ),
  should("D3 a nonce of 16 octets is echoed", nonce(16), nonceEchoed),
  should("D3 a nonce of 32 octets is echoed", nonce(32), nonceEchoed),
  ...[1, 8, 15].map((length) =>
    must(
      `D3 a nonce of ${length} octets is echoed or ignored`,
      nonce(length),
      anyOf(malformed, answered("good")),
      nonceUntouched(),
    ),
  ),
  ...[33, 64, 127, 128].map((length) =>
    must(
      `D3 a nonce of ${length} octets is echoed, ignored or malformed`,
      nonce(length),
      anyOf(malformed, answered("good")),
      nonceUntouched(),
    ),
  ),
  brMust("D3 a nonce of 33 octets is not echoed", nonce(33), noNonce),
  must("D2 a nonce of 0 octets is malformed", nonce(0), malformed),
  must("D2 a nonce of 129 octets is malformed", nonce(129), malformed),
  must("D2 a nonce of 4096 octets is malformed", nonce(4096), malformed),
  must("D1 a nonce by GET", get({ extensions: [{ nonce: 32 }] }), answered("good"), nonceEchoedIfAny),
  must(
    "D1 another nonce gets another answer",
    withExtensions({ nonce: 32, label: "another" }),
    answered("good"),
    nonceEchoedIfAny,
  ),
  must("D1 a request without nonce gets an answer without nonce", post(), noNonce),
  must(
    "D1 a nonce that is no OCTET STRING is not copied",
    withExtensions(rawNonce("0123456789abcdef0123456789abcdef")),
    anyAnswer,
    noNonce,
  ),
  must(
    "D1 a nonce with bytes behind the OCTET STRING is not copied",
    withExtensions(rawNonce(`${octets("ab".repeat(16))}00`)),
    anyAnswer,
    noNonce,
  ),
  must("D1 an empty nonce extension is not copied", withExtensions(rawNonce("")), anyAnswer, noNonce),
  must(
    "D1 the nonce of an answer is in responseExtensions",
    signedAnswers,
    ofSingles("no nonce in singleExtensions", ({ extensions }) => findNonce(extensions) === undefined),
  ),
  must(
    "D4 a critical nonce is no reason to refuse",
    withExtensions({ nonce: 32, critical: true }),
    answered("good"),
  ),
  must(
    "D4 a revoked certificate with nonce",
    post({ ids: [{ of: "revoked" }], extensions: [{ nonce: 32 }] }),
    answered("revoked"),
  ),
  may(
    "D13 a nonce twice is malformed",
    withExtensions({ nonce: 32 }, { nonce: 32, label: "another" }),
    malformed,
  ),
  should(
    "D13 an extension twice is malformed",
    withExtensions(UNKNOWN_EXTENSION, UNKNOWN_EXTENSION),
    malformed,
  ),
  should(
    "D13 a single extension twice is malformed",
    post({ singleExtensions: [UNKNOWN_EXTENSION, UNKNOWN_EXTENSION] }),
    malformed,
  ),
];

const OTHERS: readonly Check[] = [
  must(
    "D6 a CRL reference is about a revoked certificate",
    signedAnswers,
    ofSingles(
      "no CRL reference",
      ({ status, extensions }) =>
        status === "revoked" || !extensions.some(({ oid }) => oid === OID.idPkixOcspCrl),
    ),
  ),
  must(
    "D7 acceptableResponses with basic",
    withExtensions(acceptableResponses(ID_PKIX_OCSP_BASIC)),
    answered("good"),
  ),
  must(
    "D7 acceptableResponses with basic as second",
    withExtensions(acceptableResponses(OTHER_TYPE, ID_PKIX_OCSP_BASIC)),
    answered("good"),
  ),
  should(
    "D7 acceptableResponses without basic cannot be served",
    withExtensions(acceptableResponses(OTHER_TYPE)),
    refused,
  ),
  should("D7 empty acceptableResponses cannot be served", withExtensions(acceptableResponses()), refused),
  must(
    "D8 archiveCutoff is a GeneralizedTime before producedAt",
    signedAnswers,
    ofSingles("18 0F YYYYMMDDHHMMSSZ", ({ extensions }) => {
      const cutoff = extensions.find(({ oid }) => oid === OID.idPkixOcspArchiveCutoff);
      return cutoff === undefined || /^180f(3\d){14}5a$/.test(hex(cutoff.value)) || hex(cutoff.value);
    }),
  ),
  brMust(
    "D9 the reason is no singleExtension",
    signedAnswers,
    ofSingles("no reasonCode", ({ extensions }) => !extensions.some(({ oid }) => oid === OID.reasonCode)),
  ),
  must(
    "D10 a serviceLocator is no reason to refuse",
    post({ singleExtensions: [{ serviceLocator: true }] }),
    answered("good"),
  ),
  must(
    "D10 a serviceLocator's URL is not followed",
    withOptions(post({ singleExtensions: [{ serviceLocator: true }] }), { bait: true }),
    neverDereferenced,
  ),
  must(
    "D11 preferredSignatureAlgorithms nobody knows fall through",
    withExtensions(preferredAlgorithms(OTHER_TYPE)),
    answered("good"),
  ),
  must(
    "D11 preferredSignatureAlgorithms: sha256WithRSAEncryption",
    withExtensions(preferredAlgorithms(OID.sha256WithRSAEncryption)),
    answered("good"),
  ),
  must(
    "D11 preferredSignatureAlgorithms: ecdsa-with-SHA256",
    withExtensions(preferredAlgorithms(OID.ecdsaWithSHA256)),
    answered("good"),
  ),
  must(
    "D12 a client that prefers SHA-1 does not get it",
    withExtensions(preferredAlgorithms(SHA1_WITH_RSA)),
    answered("good"),
    notSignedWith("sha1"),
  ),
  must(
    "D12 a client that prefers MD5 does not get it",
    withExtensions(preferredAlgorithms(MD5_WITH_RSA, OID.sha256WithRSAEncryption)),
    answered("good"),
    notSignedWith("md5"),
  ),
  should(
    "D11 preferredSignatureAlgorithms that are none are malformed or ignored",
    withExtensions({ oid: OID.idPkixOcspPrefSigAlgs, value: "0500" }),
    anyAnswer,
  ),
  must(
    "D13 no extension is in an answer twice",
    signedAnswers,
    ofBasic("each extension once", ({ extensions, singles }) =>
      [extensions, ...singles.map((single) => single.extensions)].every(
        (list) => new Set(list.map(({ oid }) => oid)).size === list.length,
      ),
    ),
  ),
  should(
    "D1 no extension of an answer is critical",
    signedAnswers,
    ofBasic("no critical extension", ({ extensions, singles }) => {
      const critical = [extensions, ...singles.map((single) => single.extensions)]
        .flat()
        .filter((one) => one.critical);
      return critical.length === 0 || critical.map(({ oid }) => oid).join(" ");
    }),
  ),
  may(
    "D14 an answer to a plain request has no responseExtensions",
    post(),
    ofBasic(
      "no responseExtensions",
      ({ extensions }) => extensions.length === 0 || extensions.map(({ oid }) => oid).join(" "),
    ),
  ),
];

export const EXTENSION_CHECKS: readonly Check[] = [...NONCES, ...OTHERS];

/** Comes back whole or not at all, where there is an answer. */
function nonceUntouched() {
  return anyOf(refused, nonceEchoedIfAny);
}

function notSignedWith(hash: string) {
  return ofBasic(
    `a signature without ${hash}`,
    ({ signatureAlgorithm }) => readAlgorithm(signatureAlgorithm).known?.hash !== hash,
  );
}
