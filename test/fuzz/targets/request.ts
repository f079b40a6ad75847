import { assertStrictDer } from "../../../src/asn1/strict-der.js";
import { contextConstructed } from "../../../src/asn1/tags.js";
import { latin1 } from "../../../src/core/bytes.js";
import { plainRequest } from "../../../src/ocsp/plain-request.js";
import {
  certIDHash,
  isMalformed,
  MAX_CERT_IDS,
  type OcspRequest,
  parseOcspRequest,
} from "../../../src/ocsp/request.js";
import { bytesOf, elementsOf } from "../der-element.js";
import { equalBytes, observe, refusalPlace, roughly } from "../observe.js";
import { OpensslJudge } from "../openssl-judge.js";
import { assertReencodes } from "../reencode.js";
import { Finding, type FuzzTarget } from "../target.js";

const HASH_OCTETS = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const;

/** The parser of OCSP requests, as POST brings them. */
export class RequestTarget implements FuzzTarget {
  readonly name = "request";
  readonly syntax = "der";
  private readonly openssl = new OpensslJudge();

  check(input: Uint8Array): string {
    const observed = observe(input, parseOcspRequest, isMalformed);
    if (!observed.accepted) return refusalPlace(observed.error);
    assertSound(input, observed.value);
    return summary(observed.value);
  }

  judge(input: Uint8Array): void {
    const refusal = refusalOf(input);
    const judged = refusal === undefined ? withoutAsker(input) : input;
    const again = this.openssl.ocspRequest(judged);
    const isSame = again !== undefined && equalBytes(again, judged);
    if (refusal === undefined && again === undefined)
      throw new Finding("accepted, and openssl reads no request");
    if (refusal === undefined && !isSame) throw new Finding("accepted, and openssl writes it otherwise");
    if (refusal !== undefined && isSame && !STRICTER.some(({ refusal: pattern }) => pattern.test(refusal)))
      throw new Finding(`openssl reads and writes it alike; refused: ${refusal}`);
  }
}

/**
 * The request without optionalSignature and requestorName: the first is read for its size only unless a policy wants it
 * verified, the second for its shape; openssl looks into both.
 */
function withoutAsker(input: Uint8Array): Uint8Array {
  const document = elementsOf(input) ?? [];
  const [outer] = document;
  const tbs = outer?.inner?.[0]?.inner;
  outer?.inner?.splice(1);
  const asker = tbs?.findIndex(({ tag }) => tag === contextConstructed(1)) ?? -1;
  if (asker !== -1) tbs?.splice(asker, 1);
  return bytesOf(document);
}

/** Where we refuse what openssl takes for a request in order. By message, or by the function that refuses. */
const STRICTER: readonly { readonly refusal: RegExp; readonly reason: string }[] = [
  { refusal: /unknown version|readVersion/, reason: "A1: openssl reads any version" },
  { refusal: /too many|serial number too long|too-deep/, reason: "P6, P7, P8: bounds" },
  { refusal: /empty requestList|empty Extensions/, reason: "P7, P12: SIZE (1..MAX)" },
  { refusal: /hash of a wrong length/, reason: "P9" },
  { refusal: /duplicate extension|unknown critical extension/, reason: "P12" },
  { refusal: /nonce of a wrong length|not acceptable/, reason: "P11, P14" },
  {
    refusal: /readNonce|readAcceptableResponses|readPreferredAlgorithms|readServiceLocator/,
    reason: "openssl does not look into extnValue",
  },
  { refusal: /readHashAlgorithm/, reason: "A5: parameters are absent or NULL" },
  { refusal: /boolean-not-der/, reason: "X.690 11.1: TRUE is FF; openssl keeps any octet" },
  { refusal: /oid-invalid/, reason: "bound of 128 octets" },
];

function refusalOf(input: Uint8Array): string | undefined {
  try {
    parseOcspRequest(input);
    return undefined;
  } catch (error) {
    const { message, stack = "" } = error as Error;
    const functions = [...stack.matchAll(/at (?:\w+\.)?(read\w+) /g)].map(([, name]) => name);
    return [message.replace(/ at offset \d+/, ""), ...functions].join(" ");
  }
}

/** What an accepted request is, by means of its own. */
function assertSound(input: Uint8Array, request: OcspRequest): void {
  const { certIDs, signature, isPlain } = request;
  const { length } = certIDs;
  if (length < 1 || length > MAX_CERT_IDS) throw new Finding(`${length} CertIDs`);
  for (const { encoded } of certIDs) assertReencodes(encoded, "a CertID");
  // What is signed over is ignored unless a policy asks for it, and then others verify it: all else is strict DER.
  if (signature === undefined) assertStrict(input, "a request");
  else assertStrict(signature.tbsRequest, "a TBSRequest");
  if (isPlain !== isOurPlainRequest(input, request)) throw new Finding(`isPlain is ${isPlain}`);
}

function assertStrict(der: Uint8Array, what: string): void {
  assertReencodes(der, what);
  try {
    assertStrictDer(der);
  } catch (error) {
    throw new Finding(`${what} was accepted that the strict walk refuses`, { cause: error });
  }
}

/** True if our own encoder makes these very bytes from issuer and serial: the one form that answers are kept for. */
function isOurPlainRequest(input: Uint8Array, { certIDs, isPlain }: OcspRequest): boolean {
  const [only] = certIDs;
  const hash = certIDHash(only);
  // Unknown hashes, and serials that nobody can have, have no encoder here.
  if (only?.issuerKey === undefined || hash === undefined || only.serial === undefined) return isPlain;
  const octets = Buffer.from(only.issuerKey.slice(1), "latin1");
  const issuer = {
    hash,
    issuerNameHash: octets.subarray(0, HASH_OCTETS[hash]),
    issuerKeyHash: octets.subarray(HASH_OCTETS[hash]),
  };
  const { serial } = only;
  return (["null", "absent"] as const).some((parameters) =>
    equalBytes(plainRequest(issuer, serial, parameters), input),
  );
}

function summary(request: OcspRequest): string {
  const { certIDs, nonce, hasNonce, preferredSignatureAlgorithms: preferred, signature } = request;
  const kinds = new Set(certIDs.map((id) => `${certIDHash(id)}${id.serial === undefined ? "-" : ""}`));
  return [
    "accepted",
    roughly(certIDs.length),
    [...kinds].sort().join(),
    hasNonce ? `nonce ${nonce === undefined ? "short" : roughly(nonce.length)}` : "",
    roughly(preferred.length),
    preferred.map((oid) => latin1(Buffer.from(oid, "latin1")).length).join(),
    signature === undefined ? "" : `signed ${signature.certificates.length}`,
    signature?.requestorName === undefined ? "" : `by ${signature.requestorName[0]}`,
  ].join(" ");
}
