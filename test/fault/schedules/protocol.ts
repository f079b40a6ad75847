import type { CertState } from "../../../src/store/layout.js";

/** What the driver and the issuer's process say to each other: one JSON value a line. */

export const ACTS = [
  "issue",
  "revoke",
  "bulk-revoke",
  "hold",
  "release",
  "publish",
  "publish-delta",
  "publish-shard",
  "renew",
  "checkpoint",
] as const;
export type Act = (typeof ACTS)[number];

/** One schedule. After `opened` the process waits for a line "go". */
export interface Task {
  readonly seed: number;
  /** Steps; acts of one step run side by side. */
  readonly steps: readonly (readonly Act[])[];
  /** Serials in hexadecimal that the acts may choose from. */
  readonly serials: readonly string[];
  /** The clock is so many seconds ahead: delegates grow old. */
  readonly ahead: number;
}

/** A row as it was acknowledged. */
export interface AcknowledgedRow {
  readonly serial: string;
  readonly state: CertState;
  readonly reason: number;
  readonly revocationTime: number;
  readonly invalidityDate: number;
  /** Journal position. */
  readonly position: number;
}

export type Line =
  /** The store is open, what a crash left is completed. */
  | { readonly say: "opened" }
  /** An act begins; if it works, its serials get state `to`; undefined: it makes a new row. */
  | {
      readonly say: "try";
      readonly id: number;
      readonly act: Act | "create";
      readonly serials: readonly string[];
    }
  | {
      readonly say: "done";
      readonly id: number;
      readonly rows: readonly AcknowledgedRow[];
      readonly crls?: readonly AcknowledgedCrl[];
    }
  | { readonly say: "refused"; readonly id: number; readonly code: string; readonly message: string }
  /** The schedule is over; `failure` if a write failed and the issuer would end. */
  | { readonly say: "end"; readonly failure?: string };

export interface AcknowledgedCrl {
  /** File below the CRL directory. */
  readonly name: string;
  readonly number: string;
  readonly sha256: string;
}
