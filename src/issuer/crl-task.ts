import type { DistributionScope } from "../crl/extensions.js";
import type { CrlProfile } from "../lint/crl/rule.js";
import type { DigestName } from "../signer/signer.js";
import type { StoreOptions } from "../store/environment.js";

/**
 * What the issuer and the process that makes its CRLs say to each other. Octets cross as hexadecimal digits, times are
 * unix seconds.
 */

/** A CRL of one scope, a delta CRL, or both of one moment: then they have one number (standards H2). */
export interface CrlTask {
  readonly store: StoreOptions;
  readonly issuer: number;
  readonly scope: number;
  /** DER of the CA's certificate. */
  readonly certificate: string;
  readonly signatureAlgorithm: string;
  readonly digestName: DigestName;
  readonly cRLNumber: number;
  readonly profile: CrlProfile;
  /** Whose certificates the list is for, by the rules that apply to it. */
  readonly subjects: "subscriber" | "ca";
  /** Exists, and is empty. */
  readonly directory: string;
  readonly lists: readonly ListTask[];
}

export type ListTask = CompleteTask | DeltaTask;

interface CommonTask {
  /** nextUpdate - thisUpdate; nextUpdate never passes the CA certificate's notAfter (invariant 2). */
  readonly validity: number;
  /** No list may say an earlier thisUpdate than the one it replaces. */
  readonly notBefore: number;
  /** Nor an earlier nextUpdate, even if `validity` became shorter (standards G9). */
  readonly notEndingBefore: number;
}

export interface CompleteTask extends CommonTask {
  readonly kind: "complete";
  /** The list that is published now; absent: there is none that could be read. */
  readonly previous?: PreviousList;
  /** Journal position up to which changes may be missing from the change index. */
  readonly dropped: number;
  /** Certificates that had expired by `thisUpdate` and that the list at `covers` showed are left out (standards G10). */
  readonly spent?: { readonly thisUpdate: number; readonly covers: number };
  /** URL of the delta CRL. */
  readonly freshest?: string;
  readonly distribution?: DistributionScope;
  /** Since when expired certificates stay on the list. */
  readonly expiredSince?: number;
}

export interface DeltaTask extends CommonTask {
  readonly kind: "delta";
  /** A complete CRL that was published. */
  readonly base: { readonly number: number; readonly covers: number };
}

export interface PreviousList {
  readonly file: string;
  readonly sha256: string;
  readonly number: number;
  /** Journal position that it shows. */
  readonly covers: number;
}

/** A list that was built and found to say what it should: its digest may be signed. */
export interface PreparedList {
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly entries: number;
  readonly entriesOctets: number;
  /** Journal position that it shows. */
  readonly covers: number;
  readonly digest: string;
  /** The tbsCertList: `head`, the file, `tail`. */
  readonly head: string;
  readonly file: string;
  readonly tail: string;
}

/** A signed list on disk, read back. */
export interface StagedList {
  readonly file: string;
  readonly octets: number;
  readonly sha256: string;
}

/** The making of CRLs, wherever it runs. */
export interface CrlWork {
  /** Builds and checks the lists, in the task's order. Throws CRL_GATE or LINT_FAILED: then nothing may be signed. */
  prepare(): Promise<PreparedList[]>;
  /** Writes the signed lists and reads them back; they are on disk when it resolves. Throws CRL_GATE. */
  stage(signatures: readonly Uint8Array[]): Promise<StagedList[]>;
  end(): void;
}
