import { hex } from "../core/bytes.js";
import type { RevokedEntry } from "./entry.js";
import { EntryMerge, type EntrySource, sameRevocation } from "./entry-merge.js";
import { CRL_REASON } from "./reason.js";
import type { ParsedCrl } from "./stream-parser.js";

/** What a delta CRL changes in a complete one: numbers of entries. */
export interface DeltaEffect {
  readonly added: number;
  /** Entries that say something else than before. */
  readonly changed: number;
  /** Entries that removeFromCRL takes away. */
  readonly removed: number;
  /** Entries of the complete list that results. */
  readonly entries: number;
}

/**
 * Reads a complete CRL and a delta CRL side by side and hands out the entries of the complete list they make together
 * (RFC 5280 5.2.4, standards H5, H7); each is valid during the call. Both sources are in ascending order of serials.
 */
export function applyDelta(
  base: EntrySource,
  delta: EntrySource,
  onEntry: (entry: RevokedEntry) => void = () => {},
): DeltaEffect {
  const effect = { added: 0, changed: 0, removed: 0, entries: 0 };
  const merge = new EntryMerge(base, delta);
  while (merge.next()) {
    const [before, change] = merge.entries;
    // A hold that began and ended after the base is removed without ever having been there (H5).
    const removed = change?.reasonCode === CRL_REASON.removeFromCRL;
    if (removed && before !== undefined) effect.removed++;
    if (removed) continue;
    if (before === undefined) effect.added++;
    else if (change !== undefined && !sameRevocation(before, change)) effect.changed++;
    effect.entries++;
    onEntry((change ?? before) as RevokedEntry);
  }
  return effect;
}

/**
 * Why a delta CRL must not be applied to a complete CRL of the same issuer (RFC 5280 5.2.4, standards H3, H4, P28);
 * undefined if nothing is against it. Both are verified already, by the same key.
 */
export function deltaFault(base: ParsedCrl, delta: ParsedCrl): string | undefined {
  const { cRLNumber: ours } = base.extensions;
  const { cRLNumber, deltaCRLIndicator: since } = delta.extensions;
  if (ours === undefined || cRLNumber === undefined || since === undefined)
    return "a complete and a delta CRL need numbers to be put together";
  if (scopeOf(base) !== scopeOf(delta)) return "the delta CRL has another scope than the complete one";
  if (ours < since) return `the delta CRL builds on number ${since}, the complete one is older: ${ours}`;
  return undefined;
}

/** issuingDistributionPoint, byte for byte. */
export function scopeOf({ extensions: { issuingDistributionPoint } }: ParsedCrl): string {
  return issuingDistributionPoint === undefined ? "" : hex(issuingDistributionPoint.der);
}
