import type { CrlHeader } from "../../crl/header.js";
import type { ParsedEntry } from "../../crl/parsed-entry.js";
import type { ParsedCrl } from "../../crl/stream-parser.js";
import type { TbsCertificate } from "../../x509/certificate.js";

/** Whose rules a CRL follows: RFC 5280 alone, or the CA/B Forum's Baseline Requirements as well. */
export type CrlProfile = "pkix" | "cabf-br";

/** What a rule looks at once the entries have passed: the list as read back from its bytes. */
export interface LintedCrl extends ParsedCrl {
  /** Certificate of the CA that signs. */
  readonly issuer: TbsCertificate;
  /** Whose certificates the list is for; some limits differ. */
  readonly subjects: "subscriber" | "ca";
  /** What the list is meant to be; absent: either. */
  readonly kind?: "complete" | "delta";
  /**
   * The URL that certificates of this partition carry as distribution point; null: the list is for all of the issuer's
   * certificates; absent: either.
   */
  readonly partition?: string | null;
}

/**
 * One rule on the whole list, on each entry, or both. The first name is the one that is reported. Names with e_ are
 * zlint's or Boulder's, those with pkix. or cabf. pkilint's (standards O2 to O4, O8, O9, O11), those with sekisho.
 * stand for a number of our own list.
 */
export interface CrlRule {
  readonly names: readonly [string, ...string[]];
  /** What is wrong when the rule is broken, as an operator reads it. */
  readonly text: string;
  /** Set if the rule belongs to that profile only. */
  readonly profile?: "cabf-br";
  breaks?(linted: LintedCrl): boolean;
  /** Called a million times a list: it must not allocate without need. */
  breaksEntry?(entry: ParsedEntry, header: CrlHeader): boolean;
}
