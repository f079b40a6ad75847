import type { CrlRule } from "./rule.js";

/** Standards R2: delta CRLs are for the PKIX profile only. */
export const isDelta: CrlRule = {
  names: ["e_crl_is_not_delta"],
  text: "the list is a delta CRL",
  profile: "cabf-br",
  breaks: ({ extensions }) => extensions.deltaCRLIndicator !== undefined,
};
