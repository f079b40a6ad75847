import { DerError } from "../../../src/asn1/reader.js";
import { assertStrictDer } from "../../../src/asn1/strict-der.js";
import { hex } from "../../../src/core/bytes.js";
import { type Check, must, should } from "../check.js";
import { ofBasic } from "../expect-ocsp.js";
import { expectation, NotApplicable } from "../expectation.js";
import { ID_PKIX_OCSP_BASIC } from "../ocsp-answer.js";
import { errorMessages, ocspMessages, ocspTyped, signedAnswers } from "../populations.js";
import { readAlgorithm } from "../signature.js";
import { namesCertificate, signerOf } from "../signer.js";

/** Section B: OCSPResponse, BasicOCSPResponse and signature (RFC 6960 4.2.1), on every answer of the run. */

/** Elements of the largest answer that a check asks for. */
const MAX_ELEMENTS = 200_000;

export const MESSAGE_CHECKS: readonly Check[] = [
  must(
    "B1 OCSPResponses can be read",
    ocspTyped,
    expectation("DER of an OCSPResponse", ({ unreadable }) => unreadable === undefined || unreadable),
  ),
  must(
    "B1 responseStatus is one that is defined",
    ocspMessages,
    expectation("0 to 3, 5 or 6", ({ ocsp }) => [0, 1, 2, 3, 5, 6].includes(ocsp?.status as number)),
  ),
  must(
    "B1 a successful answer has responseBytes",
    ocspMessages,
    expectation("responseBytes", ({ ocsp }) => ocsp?.status !== 0 || ocsp.responseType !== undefined),
  ),
  must(
    "B2 an error has no responseBytes",
    errorMessages,
    expectation("no responseBytes", ({ ocsp }) => ocsp?.responseType === undefined),
  ),
  must(
    "B2 an error is the five octets 30 03 0A 01 NN",
    errorMessages,
    expectation("30030a01NN", ({ http }) => {
      const body = hex(http?.body ?? new Uint8Array());
      return /^30030a01..$/.test(body) || body.slice(0, 40);
    }),
  ),
  must(
    "B3 responseType is id-pkix-ocsp-basic",
    ocspMessages,
    expectation(
      ID_PKIX_OCSP_BASIC,
      ({ ocsp }) =>
        ocsp?.responseType === undefined || ocsp.responseType === ID_PKIX_OCSP_BASIC || ocsp.responseType,
    ),
  ),
  must(
    "B3 everything in the response is DER",
    signedAnswers,
    ofBasic("strict DER", ({ der, singles, extensions }) => {
      const explicitFalse = [...extensions, ...singles.flatMap((single) => single.extensions)].some(
        ({ critical }) => critical === false,
      );
      return explicitFalse ? "an extension with critical FALSE written out" : strictDer(der);
    }),
  ),
  must(
    "B3 version v1 is left out",
    signedAnswers,
    ofBasic("no version field", ({ hasVersion }) => !hasVersion),
  ),
  must(
    "B3 the signature verifies",
    signedAnswers,
    ofBasic("a signature by the issuer or a certificate in certs", (basic, { target }) => {
      const { known, oid } = readAlgorithm(basic.signatureAlgorithm);
      if (known === undefined) return new NotApplicable(`the kit does not know algorithm ${oid}`);
      return signerOf(basic, target.issuer) !== undefined || "no key it verifies with";
    }),
  ),
  must(
    "B4 responderID names the signer",
    signedAnswers,
    ofBasic("subject or key hash of the signer's certificate", (basic, { target }) => {
      const signer = signerOf(basic, target.issuer);
      if (signer === undefined) return new NotApplicable("no signer");
      return namesCertificate(basic.responderID, signer) || "another one";
    }),
  ),
  must(
    "B4 a key hash has 20 octets",
    signedAnswers,
    ofBasic(
      "20 octets",
      ({ responderID }) =>
        "name" in responderID || responderID.keyHash.length === 20 || `${responderID.keyHash.length} octets`,
    ),
  ),
  should(
    "B4 the responder is named by key",
    signedAnswers,
    ofBasic("byKey", ({ responderID }) => "keyHash" in responderID || "byName"),
  ),
  must(
    "B17 certs is left out when it is empty",
    signedAnswers,
    ofBasic("no empty SEQUENCE", ({ certificates }) => certificates?.length !== 0),
  ),
  must(
    "B17 a delegate's certificate is in the answer",
    signedAnswers,
    ofBasic("a signature that verifies with what is there", (basic, { target }) => {
      const { known } = readAlgorithm(basic.signatureAlgorithm);
      if (known === undefined) return new NotApplicable("the kit does not know the algorithm");
      return signerOf(basic, target.issuer) !== undefined || (basic.certificates ?? []).length > 0;
    }),
  ),
  must(
    "B18 no signature by SHA-1 or MD5",
    signedAnswers,
    ofBasic("a hash that is considered secure", ({ signatureAlgorithm }) => {
      const hash = readAlgorithm(signatureAlgorithm).known?.hash;
      return (hash !== "sha1" && hash !== "md5") || hash;
    }),
  ),
  must(
    "B19 parameters of the signature algorithm: NULL for RSA, none for ECDSA and EdDSA",
    signedAnswers,
    ofBasic("AlgorithmIdentifier by RFC 4055, 5758, 8410", ({ signatureAlgorithm }) => {
      const { known, parameters } = readAlgorithm(signatureAlgorithm);
      if (known === undefined) return new NotApplicable("the kit does not know the algorithm");
      const written = parameters === undefined ? "" : hex(parameters);
      return written === (known.family === "rsa" ? "0500" : "") || hex(signatureAlgorithm);
    }),
  ),
  should(
    "B19 the signature algorithm is one that every client knows",
    signedAnswers,
    ofBasic("RSA or ECDSA with SHA-256 or better", ({ signatureAlgorithm }) => {
      const { known, oid } = readAlgorithm(signatureAlgorithm);
      return (known !== undefined && ["sha256", "sha384", "sha512"].includes(known.hash ?? "")) || oid;
    }),
  ),
];

function strictDer(der: Uint8Array): true | string {
  try {
    assertStrictDer(der, MAX_ELEMENTS);
    return true;
  } catch (error) {
    if (error instanceof DerError) return error.message;
    throw error;
  }
}
