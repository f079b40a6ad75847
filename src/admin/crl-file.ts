import { readFileSync } from "node:fs";
import { nowSeconds, systemClock } from "../core/clock.js";
import { SekishoError } from "../core/errors.js";
import { StatusReader } from "../store/status-reader.js";
import { crlSigner, type VerifiedCrl, verifyCrl } from "../verify/crl.js";
import { describeCrl } from "../verify/crl-description.js";
import { readCrlFile } from "../verify/crl-file.js";
import { assertDisjoint, type CombinedCrl, combineCrls } from "../verify/crl-set.js";
import { crlNumberArgument } from "./arguments.js";
import { crlJson, crlLines, isoTime } from "./crl-text.js";
import { type CommonOptions, configAndIssuer } from "./options.js";
import { aligned, printJson, printLines } from "./output.js";

/** CRL files looked at without the issuer. */

export interface VerifyOptions extends CommonOptions {
  /** The issuer's certificate; absent: the one in the installation's store. */
  readonly ca?: string;
  /** The distribution point of each file, in their order. */
  readonly url?: readonly string[];
  readonly lastNumber?: string;
}

/**
 * `crl verify FILE...`: each CRL by itself, then together: delta CRLs on their complete ones, partitions beside each
 * other. Prints what they say, then throws CRL_INVALID for the first that is out of date.
 */
export function verifyFiles(files: readonly string[], options: VerifyOptions): void {
  const urls = options.url ?? [];
  if (urls.length > 0 && urls.length !== files.length)
    throw new SekishoError("USAGE", "give --url once for each file, in their order");
  const lastNumber = options.lastNumber === undefined ? undefined : crlNumberArgument(options.lastNumber);
  const signer = crlSigner(issuerCertificate(options));
  const now = nowSeconds(systemClock);
  const crls = files.map((file, i) => verifyCrl(file, signer, now, { lastNumber, url: urls[i] }));
  const combined = combineCrls(crls);
  assertDisjoint(crls);
  if (options.json) printJson(verifiedJson(crls, combined));
  else printLines([...crls.flatMap(verifiedLines), ...combined.flatMap(combinedLines)]);
  for (const crl of crls) assertTimely(crl);
}

/** `crl show FILE`: what it says, without verifying who signed it. */
export function showFile(file: string, { json }: CommonOptions): void {
  const crl = describeCrl(readCrlFile(file));
  if (json) printJson(crlJson(file, crl));
  else printLines(crlLines(file, crl));
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

function assertTimely({ file, currency, crl }: VerifiedCrl): void {
  if (currency === "current") return;
  const { nextUpdate } = crl.header;
  const stale =
    nextUpdate === undefined ? "it has no nextUpdate" : `out of date since ${isoTime(nextUpdate)}`;
  throw new SekishoError(
    "CRL_INVALID",
    `${file}: ${currency === "future" ? "thisUpdate is in the future" : stale}`,
  );
}

const verifiedLines = ({ file, crl, currency }: VerifiedCrl): string[] => [
  ...crlLines(file, describeCrl(crl)),
  ...aligned([["verified", `signature and issuer; ${currency}`]]),
  "",
];

function combinedLines({ complete, delta, effect }: CombinedCrl): string[] {
  const names = `${delta.file} on ${complete.file}`;
  if (effect === undefined) return [`${names}: nothing to do, the complete CRL is the newer one`];
  const { entries, added, changed, removed } = effect;
  return [`${names}: ${entries} entries; ${added} added, ${changed} changed, ${removed} removed`];
}

/** One file gives one object; several give what they say together as well. */
function verifiedJson(crls: readonly VerifiedCrl[], combined: readonly CombinedCrl[]): object {
  const objects = crls.map(({ file, crl, currency }) => ({ ...crlJson(file, describeCrl(crl)), currency }));
  const [only, ...others] = objects;
  if (only !== undefined && others.length === 0) return only;
  return {
    crls: objects,
    combined: combined.map(({ complete, delta, effect }) => ({
      complete: complete.file,
      delta: delta.file,
      ...effect,
    })),
  };
}
