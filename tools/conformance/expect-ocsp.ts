import { OID } from "../../src/asn1/oid.js";
import { encode, octetString } from "../../src/asn1/writer.js";
import { bytesEqual, hex } from "../../src/core/bytes.js";
import { askedCertIDs, findSingle } from "./cert-id.js";
import { type Expectation, expectation, type Judgement, NotApplicable } from "./expectation.js";
import type { ExtensionView, Single } from "./ocsp-answer.js";
import { encodeCertID, nonceOctets } from "./request-parts.js";
import type { OcspStatus, Seen } from "./seen.js";

/** What is expected of the OCSPResponse in an answer, whatever the HTTP status around it (F17 looks at that). */

const hasHttpStatus = ({ http }: Seen, from: number, to: number): boolean =>
  http !== undefined && http.status >= from && http.status <= to;

/** HTTP 4xx, or 501, without an OCSPResponse. */
const isTransportRefusal = (seen: Seen): boolean =>
  seen.ocsp === undefined && (hasHttpStatus(seen, 400, 499) || hasHttpStatus(seen, 501, 501));

export function status(...wanted: readonly OcspStatus[]): Expectation {
  return expectation(wanted.join(" or "), (seen) => wanted.some((name) => name === seen.status));
}

/** The request does not have the syntax, and the responder says so (RFC 6960 2.3). */
export const malformed = expectation(
  "malformedRequest, or HTTP 4xx",
  (seen) => seen.status === "malformedRequest" || isTransportRefusal(seen),
);

const isRefused = (seen: Seen): boolean =>
  isTransportRefusal(seen) || (seen.status !== undefined && seen.status !== "successful");

/** No definitive answer. */
export const refused = expectation("an OCSP error, or HTTP 4xx", isRefused);

/** An answer of any kind that shows the responder in control of itself. */
export const anyAnswer = expectation(
  "an OCSPResponse, or HTTP 4xx",
  (seen) => (seen.status !== undefined && seen.status !== "internalError") || isTransportRefusal(seen),
);

/** successful, with these statuses of the certificates that were asked for, in the order of asking. */
export function answered(...wanted: readonly Single["status"][]): Expectation {
  return expectation(`successful: ${wanted.join(" ")}`, (seen) => {
    const statuses = askedCertIDs(seen).map((id) => findSingle(seen, id)?.status);
    if (statuses.length > 0 && seen.status === "successful" && statuses.includes(undefined))
      return `${seen.came}, not about the CertID asked for`;
    return wanted.length === statuses.length && wanted.every((name, i) => name === statuses[i]);
  });
}

/** Nothing that a client could take for the status of a certificate that is not the one meant, or was never issued. */
export const noStatus = expectation("no good and no revoked", (seen) => {
  if (isRefused(seen)) return true;
  return seen.ocsp?.basic?.singles.every((single) => single.status === "unknown") ?? false;
});

/** As `noStatus`, for the CertIDs of the request that name another issuer than ours. */
export const strangersUnknown = expectation("no good and no revoked of the other issuer", (seen) => {
  if (isRefused(seen)) return true;
  const strangers = (seen.request?.ids ?? []).filter(({ issuer }) => issuer !== undefined);
  const singles = strangers.map((parts) => findSingle(seen, encodeCertID(seen.target, parts)));
  return seen.ocsp !== undefined && singles.every((single) => (single?.status ?? "unknown") === "unknown");
});

/** No `good`; a responder in the mode of RFC 6960 4.4.8 may say revoked. */
export const notGood = expectation("anything but good", (seen) => {
  if (isRefused(seen)) return true;
  return seen.ocsp?.basic?.singles.every((single) => single.status !== "good") ?? false;
});

/** Refused whole, or answered whole: nothing that was asked for is dropped. */
export const allOrNothing = expectation("an OCSP error, or one SingleResponse for each CertID", (seen) => {
  if (isRefused(seen)) return true;
  const singles = seen.ocsp?.basic?.singles.length ?? 0;
  const ids = askedCertIDs(seen);
  const missing = ids.filter((id) => findSingle(seen, id) === undefined).length;
  if (seen.status !== "successful") return false;
  return missing === 0 || `${singles} SingleResponses, ${missing} of ${ids.length} CertIDs not answered`;
});

/** The nonce of the request comes back (RFC 9654 2.1). `always` false: or none does. */
function nonceJudge(seen: Seen, always: boolean): Judgement {
  const sent = seen.request?.extensions?.find((extension) => "nonce" in extension);
  const basic = seen.ocsp?.basic;
  if (sent === undefined || basic === undefined) return false;
  const nonce = findNonce(basic.extensions);
  if (nonce === undefined) return always ? `${seen.came}, without a nonce` : true;
  if (bytesEqual(nonce.value, encode(octetString(nonceOctets(seen.target, sent))))) return true;
  return `extnValue ${hex(nonce.value).slice(0, 80)}`;
}

export const nonceEchoed = expectation("the nonce as OCTET STRING in responseExtensions", (seen) =>
  nonceJudge(seen, true),
);
export const nonceEchoedIfAny = expectation("the nonce as OCTET STRING, or none", (seen) =>
  nonceJudge(seen, false),
);

export const noNonce = expectation("no nonce", (seen) => {
  const basic = seen.ocsp?.basic;
  if (basic === undefined) return isRefused(seen);
  const nonce = findNonce(basic.extensions);
  return nonce === undefined || `nonce ${hex(nonce.value).slice(0, 80)}`;
});

export const findNonce = (extensions: readonly ExtensionView[]): ExtensionView | undefined =>
  extensions.find(({ oid }) => oid === OID.idPkixOcspNonce);

export const neverDereferenced = expectation(
  "nobody connects to the URL",
  ({ baited }) => baited === 0 || `${baited} connections`,
);

/** Judges something of a signed answer; not applicable without one. */
export function ofBasic(
  says: string,
  judge: (basic: NonNullable<NonNullable<Seen["ocsp"]>["basic"]>, seen: Seen) => Judgement,
): Expectation {
  return expectation(says, (seen) => {
    const basic = seen.ocsp?.basic;
    return basic === undefined ? new NotApplicable("no signed answer") : judge(basic, seen);
  });
}

/** Judges every SingleResponse of a signed answer; the first fault counts. */
export function ofSingles(
  says: string,
  judge: (single: Single, seen: Seen) => boolean | string,
): Expectation {
  return ofBasic(says, ({ singles }, seen) => {
    for (const single of singles) {
      const judgement = judge(single, seen);
      if (judgement !== true) return judgement;
    }
    return true;
  });
}
