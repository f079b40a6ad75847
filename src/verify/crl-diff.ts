import { bytesEqual } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";
import { ascendingEntries } from "../crl/ascending-entries.js";
import type { RevokedEntry } from "../crl/entry.js";
import { EntryMerge, sameRevocation } from "../crl/entry-merge.js";
import type { SignedCrl } from "../crl/read-crl.js";
import { readCrlFile } from "./crl-file.js";

/** Two CRL files of one issuer, read to their ends; neither signature is verified. */
export interface CrlPair {
  readonly oldFile: string;
  readonly newFile: string;
  readonly old: SignedCrl;
  readonly new: SignedCrl;
}

/** A serial about which two lists say different things; what a list does not say is undefined. Valid during the call. */
export type OnDifference = (before: RevokedEntry | undefined, after: RevokedEntry | undefined) => void;

/** Numbers of entries. */
export interface DiffCounts {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly unchanged: number;
}

/**
 * Reads two CRL files that are to be compared. Throws CRL_INVALID if one cannot be read, if they are of two issuers, or
 * if only one of them is a delta CRL.
 */
export function readPair(oldFile: string, newFile: string): CrlPair {
  const [old, latest] = [oldFile, newFile].map((file) => readCrlFile(file)) as [SignedCrl, SignedCrl];
  if (!bytesEqual(old.header.issuerName, latest.header.issuerName))
    throw new SekishoError("CRL_INVALID", "the two CRLs are of different issuers");
  if (
    (old.extensions.deltaCRLIndicator === undefined) !==
    (latest.extensions.deltaCRLIndicator === undefined)
  )
    throw new SekishoError("CRL_INVALID", "one is a delta CRL, the other a complete one: nothing to compare");
  return { oldFile, newFile, old, new: latest };
}

/**
 * Compares the entries of two lists by merging them, in ascending order of serials: in constant memory if both are in
 * that order (see `ascendingEntries` for those that are not). Throws CRL_INVALID like it.
 */
export function diffEntries(pair: CrlPair, onDifference: OnDifference): DiffCounts {
  const counts = { added: 0, removed: 0, changed: 0, unchanged: 0 };
  const old = ascendingEntries(pair.oldFile, pair.old.entries);
  const latest = ascendingEntries(pair.newFile, pair.new.entries);
  try {
    const merge = new EntryMerge(old, latest);
    while (merge.next()) {
      const [before, after] = merge.entries;
      const kind = difference(before, after);
      counts[kind]++;
      if (kind !== "unchanged") onDifference(before, after);
    }
    return counts;
  } finally {
    old.close();
    latest.close();
  }
}

function difference(before: RevokedEntry | undefined, after: RevokedEntry | undefined): keyof DiffCounts {
  if (before === undefined) return "added";
  if (after === undefined) return "removed";
  return sameRevocation(before, after) ? "unchanged" : "changed";
}
