/** One parser of foreign bytes with what must hold for whatever it is given (standards P31). */
export interface FuzzTarget {
  readonly name: string;
  /** How inputs are changed: as DER elements, as the text of a path, or as plain octets. */
  readonly syntax: "der" | "text" | "octets";
  /** What one input may take, in milliseconds; 50 unless said otherwise. */
  readonly longestMs?: number;
  /**
   * Parses the input and checks every rule. Returns what became of it, equal for equal ways through the parser, so that
   * the fuzzer keeps inputs that show a new one. Throws `Finding` if a rule is broken.
   */
  check(input: Uint8Array): string;
  /** Compares with another implementation; slow, so it is asked about new outcomes only. Throws `Finding`. */
  judge?(input: Uint8Array): void;
}

/** A rule that an input broke. Two findings of one message are taken for one fault. */
export class Finding extends Error {
  constructor(rule: string, options?: ErrorOptions) {
    super(rule, options);
    this.name = "Finding";
  }
}
