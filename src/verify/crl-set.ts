import { hex } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";
import { applyDelta, type DeltaEffect, deltaFault, scopeOf } from "../crl/apply-delta.js";
import { ascendingEntries } from "../crl/ascending-entries.js";
import type { RevokedEntry } from "../crl/entry.js";
import { EntryMerge } from "../crl/entry-merge.js";
import type { VerifiedCrl } from "./crl.js";

/** A delta CRL and the complete CRL that it goes with. */
export interface CombinedCrl {
  readonly complete: VerifiedCrl;
  readonly delta: VerifiedCrl;
  /** What the delta changes in the complete list; undefined if the complete list is the newer one. */
  readonly effect: DeltaEffect | undefined;
}

/**
 * Puts each delta CRL among one issuer's verified CRLs on the newest complete CRL of its scope (RFC 5280 5.2.4).
 * Without any complete CRL there is nothing to put together. Throws CRL_INVALID if a delta's complete CRL is not there
 * or too old, or if two lists of one number say different things (standards H2, H4).
 */
export function combineCrls(crls: readonly VerifiedCrl[]): CombinedCrl[] {
  const complete = newestOfScope(crls.filter((each) => !isDelta(each)));
  if (complete.size === 0) return [];
  return crls.filter(isDelta).map((delta) => combine(complete.get(scopeOf(delta.crl)), delta));
}

/**
 * Makes sure that no serial is on two of an issuer's partitions: each certificate belongs to one (standards H12).
 * Throws CRL_INVALID with the first serial that is.
 */
export function assertDisjoint(crls: readonly VerifiedCrl[]): void {
  const partitions = [...newestOfScope(crls.filter(isPartition)).values()];
  if (partitions.length < 2) return;
  const sources = partitions.map(open);
  try {
    const merge = new EntryMerge(...sources);
    while (merge.next()) {
      const first = merge.entries.findIndex((entry) => entry !== undefined);
      const last = merge.entries.findLastIndex((entry) => entry !== undefined);
      if (first === last) continue;
      const { bytes, serialStart, serialStop } = merge.entries[first] as RevokedEntry;
      const serial = hex(bytes.subarray(serialStart, serialStop));
      const [one, other] = [partitions[first]?.file, partitions[last]?.file];
      throw new SekishoError("CRL_INVALID", `serial ${serial} is in ${one} and in ${other}`);
    }
  } finally {
    for (const source of sources) source.close();
  }
}

function combine(complete: VerifiedCrl | undefined, delta: VerifiedCrl): CombinedCrl {
  const refuse = (why: string): never => {
    throw new SekishoError("CRL_INVALID", `${delta.file}: ${why}`);
  };
  if (complete === undefined) return refuse("no complete CRL of this delta CRL's scope is among the files");
  const fault = deltaFault(complete.crl, delta.crl);
  if (fault !== undefined) return refuse(fault);
  const [ours, theirs] = [numberOf(complete), numberOf(delta)];
  if (ours > theirs) return { complete, delta, effect: undefined };
  const effect = effectOf(complete, delta);
  if (ours === theirs && effect.added + effect.changed + effect.removed > 0)
    return refuse(`it has the number of ${complete.file}, ${ours}, and says something else`);
  return { complete, delta, effect };
}

function effectOf(complete: VerifiedCrl, delta: VerifiedCrl): DeltaEffect {
  const [base, changes] = [open(complete), open(delta)];
  try {
    return applyDelta(base, changes);
  } finally {
    base.close();
    changes.close();
  }
}

function newestOfScope(crls: readonly VerifiedCrl[]): Map<string, VerifiedCrl> {
  const newest = new Map<string, VerifiedCrl>();
  for (const each of crls) {
    const scope = scopeOf(each.crl);
    const known = newest.get(scope);
    if (known === undefined || numberOf(known) < numberOf(each)) newest.set(scope, each);
  }
  return newest;
}

const open = ({ file, crl }: VerifiedCrl) => ascendingEntries(file, crl.entries);

const isDelta = ({ crl }: VerifiedCrl): boolean => crl.extensions.deltaCRLIndicator !== undefined;

function isPartition(each: VerifiedCrl): boolean {
  const point = each.crl.extensions.issuingDistributionPoint;
  const whole = point === undefined || point.onlySomeReasons || point.indirectCRL;
  return !isDelta(each) && !whole && point.distributionPoint !== undefined;
}

/** A list without number is older than every other one. */
const numberOf = ({ crl }: VerifiedCrl): bigint => crl.extensions.cRLNumber ?? -1n;
