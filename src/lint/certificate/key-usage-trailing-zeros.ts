import { type CertificateRule, extensionOf } from "./rule.js";

/** X.690 11.2.2, standards I11: a named bit list ends with a one. */
export const keyUsageTrailingZeros: CertificateRule = {
  name: "sekisho.key_usage_trailing_zero_bits",
  text: "keyUsage is encoded with trailing zero bits",
  breaks: (linted) => {
    const value = extensionOf(linted, "keyUsage")?.value;
    if (value === undefined) return false;
    const unusedBits = value[2] as number;
    return ((value.at(-1) as number) & (1 << unusedBits)) === 0;
  },
};
