/** One broken rule. `rule` is the name in zlint, pkilint or our own standards list; `text` says what is wrong. */
export interface Finding {
  readonly rule: string;
  readonly text: string;
}
