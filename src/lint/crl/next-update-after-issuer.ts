import type { CrlRule } from "./rule.js";

/** DESIGN 4.2. */
export const nextUpdateAfterIssuer: CrlRule = {
  names: ["sekisho.crl_next_update_after_issuer"],
  text: "nextUpdate is after the end of the issuer's certificate",
  breaks: ({ header, issuer }) => (header.nextUpdate ?? 0) > issuer.notAfter,
};
