import { hex } from "../core/bytes.js";
import type { RevokedEntry } from "../crl/entry.js";
import { reasonName } from "../crl/reason.js";
import type { CrlDescription } from "../verify/crl-description.js";
import { aligned } from "./output.js";

/** How CRLs are shown: lines for people, and values for `--json`. */

export function crlLines(file: string, crl: CrlDescription): string[] {
  const reasons = countedReasons(crl).map(([name, count]) => `${name} ${count}`);
  return aligned([
    ["file", `${file} (${crl.length} octets)`],
    ["issuer", crl.issuer],
    ["number", crl.cRLNumber?.toString()],
    ["delta since", crl.baseCRLNumber?.toString()],
    ["this update", isoTime(crl.thisUpdate)],
    ["next update", optionalTime(crl.nextUpdate)],
    ["next publish", optionalTime(crl.nextPublish)],
    ["partition", listed(crl.distributionPoints)],
    ["limits", listed(crl.limits)],
    ["freshest CRL", listed(crl.freshestCRL)],
    ["expired since", optionalTime(crl.expiredCertsOnCRL)],
    ["entries", crl.entries],
    ["reasons", listed(reasons)],
  ]);
}

/** Numbers that may exceed 2^53 become text, octets hexadecimal, times ISO 8601. */
export function crlJson(file: string, crl: CrlDescription): object {
  return {
    file,
    issuer: crl.issuer,
    version: crl.version,
    number: crl.cRLNumber?.toString(),
    base: crl.baseCRLNumber?.toString(),
    thisUpdate: isoTime(crl.thisUpdate),
    nextUpdate: optionalTime(crl.nextUpdate),
    nextPublish: optionalTime(crl.nextPublish),
    authorityKeyIdentifier: crl.authorityKeyIdentifier && hex(crl.authorityKeyIdentifier),
    distributionPoints: crl.distributionPoints,
    limits: crl.limits,
    freshestCRL: crl.freshestCRL,
    expiredCertsOnCRL: optionalTime(crl.expiredCertsOnCRL),
    entries: crl.entries,
    reasons: Object.fromEntries(countedReasons(crl)),
    bytes: crl.length,
  };
}

export const entrySerial = ({ bytes, serialStart, serialStop }: RevokedEntry): string =>
  hex(bytes.subarray(serialStart, serialStop)) || "00";

/** What an entry says about its serial. */
export function entryJson({ revocationDate, reasonCode, invalidityDate }: RevokedEntry): object {
  return {
    revocationDate: isoTime(revocationDate),
    reason: reasonCode === 0 ? undefined : reasonName(reasonCode),
    invalidityDate: invalidityDate === 0 ? undefined : isoTime(invalidityDate),
  };
}

export function entryText({ revocationDate, reasonCode, invalidityDate }: RevokedEntry): string {
  const reason = reasonCode === 0 ? "" : ` ${reasonName(reasonCode)}`;
  const invalidity = invalidityDate === 0 ? "" : ` invalid since ${isoTime(invalidityDate)}`;
  return `${isoTime(revocationDate)}${reason}${invalidity}`;
}

export function isoTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

const optionalTime = (seconds: number | undefined): string | undefined =>
  seconds === undefined ? undefined : isoTime(seconds);

const listed = (texts: readonly string[]): string | undefined =>
  texts.length === 0 ? undefined : texts.join(", ");

function countedReasons({ reasonCounts }: CrlDescription): [string, number][] {
  return reasonCounts
    .map((count, reason): [string, number] => [reasonName(reason), count])
    .filter(([, count]) => count > 0);
}
