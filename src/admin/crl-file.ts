import { readFileSync } from "node:fs";
import { hex } from "../core/bytes.js";
import { nowSeconds, systemClock } from "../core/clock.js";
import { SekishoError } from "../core/errors.js";
import { reasonName } from "../crl/reason.js";
import { StatusReader } from "../store/status-reader.js";
import { type CrlDescription, showCrl, type VerifiedCrl, verifyCrl } from "../verify/crl.js";
import { type CommonOptions, configAndIssuer } from "./options.js";
import { aligned, printJson, printLines } from "./output.js";

/** CRL files looked at without the issuer. */

export interface VerifyOptions extends CommonOptions {
  /** The issuer's certificate; absent: the one in the installation's store. */
  readonly ca?: string;
}

/** `crl verify FILE`: signature, issuer and currency. Throws CRL_INVALID. */
export function verifyFile(file: string, options: VerifyOptions): void {
  const crl = verifyCrl(file, issuerCertificate(options), nowSeconds(systemClock));
  if (options.json) printJson({ file, ...jsonOf(crl), currency: crl.currency });
  else printLines(describe(file, crl));
  const why = untimely(crl);
  if (why !== undefined) throw new SekishoError("CRL_INVALID", `${file}: ${why}`);
}

/** `crl show FILE`: what it says, without verifying who signed it. */
export function showFile(file: string, { json }: CommonOptions): void {
  const crl = showCrl(file);
  if (json) printJson({ file, ...jsonOf(crl) });
  else printLines(describe(file, crl));
}

function issuerCertificate(options: VerifyOptions): Uint8Array {
  if (options.ca !== undefined) return readFileSync(options.ca);
  const { config, issuer } = configAndIssuer(options);
  const { store, installation } = config;
  const found = StatusReader.open({ ...store, installation })
    .issuers()
    .find(({ id }) => id === issuer);
  if (found === undefined) throw new SekishoError("ISSUER_UNKNOWN", `${issuer} is not created; name --ca`);
  return found.certificate;
}

function untimely({ currency, nextUpdate }: VerifiedCrl): string | undefined {
  if (currency === "current") return undefined;
  if (currency === "future") return "thisUpdate is in the future";
  return nextUpdate === undefined ? "it has no nextUpdate" : `out of date since ${isoTime(nextUpdate)}`;
}

function describe(file: string, crl: CrlDescription): string[] {
  const reasons = countedReasons(crl).map(([name, count]) => `${name} ${count}`);
  return aligned([
    ["file", `${file} (${crl.length} octets)`],
    ["issuer", crl.issuer],
    ["number", crl.cRLNumber?.toString()],
    ["delta since", crl.baseCRLNumber?.toString()],
    ["this update", isoTime(crl.thisUpdate)],
    ["next update", crl.nextUpdate === undefined ? undefined : isoTime(crl.nextUpdate)],
    ["entries", crl.entries],
    ["reasons", reasons.length === 0 ? undefined : reasons.join(", ")],
  ]);
}

/** Numbers that may exceed 2^53 become text, octets hexadecimal, times ISO 8601. */
function jsonOf(crl: CrlDescription): object {
  return {
    issuer: crl.issuer,
    version: crl.version,
    number: crl.cRLNumber?.toString(),
    base: crl.baseCRLNumber?.toString(),
    thisUpdate: isoTime(crl.thisUpdate),
    nextUpdate: crl.nextUpdate === undefined ? undefined : isoTime(crl.nextUpdate),
    authorityKeyIdentifier: crl.authorityKeyIdentifier && hex(crl.authorityKeyIdentifier),
    distributionPoints: crl.distributionPoints,
    freshestCRL: crl.freshestCRL,
    entries: crl.entries,
    reasons: Object.fromEntries(countedReasons(crl)),
    bytes: crl.length,
  };
}

function countedReasons({ reasonCounts }: CrlDescription): [string, number][] {
  return reasonCounts
    .map((count, reason): [string, number] => [reasonName(reason), count])
    .filter(([, count]) => count > 0);
}

const isoTime = (seconds: number): string => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
