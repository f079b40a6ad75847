import { ALL } from "../crl/scope.js";
import { isScheduledComplete } from "../store/crl-tables.js";
import type { CrlCause, CrlRecord } from "../store/journal-record.js";
import { type CrlSlot, type FoundCrl, slotOf } from "./crl-files.js";

/** What is to be published. A complete CRL brings the delta CRL of its moment along, where there are any. */
export interface CrlOrder extends CrlSlot {
  readonly cause: CrlCause;
}

/** A complete CRL that somebody asks for. */
export const COMPLETE_CRL: CrlOrder = { scope: ALL, delta: false, cause: "operator" };

/** What is known of a scope before its next CRL: the newest of each kind, and where its file is. */
export interface ScopeState {
  readonly complete: FoundCrl;
  readonly delta: FoundCrl;
  readonly records: readonly CrlRecord[];
  /** Journal position up to which changes may be dropped: no delta CRL can start from a CRL that covers less. */
  readonly dropped: number;
}

/** The newest CRL of a kind among a scope's, which are in order of their numbers. */
export function newest(records: readonly CrlRecord[], delta: boolean): CrlRecord | undefined {
  return records.findLast((record) => slotOf(record).delta === delta);
}

/** The last complete CRL that came by schedule. */
export const lastScheduled = (records: readonly CrlRecord[]): CrlRecord | undefined =>
  records.findLast(isScheduledComplete);

/** The store may be a restored, older one: numbers rise above those of the files too. */
export function highestNumber({ complete, delta, records }: ScopeState): number {
  const published = [complete, delta].map((found) => Number(found.published?.number ?? 0n));
  return Math.max(0, ...published, ...records.map(({ number }) => number));
}
