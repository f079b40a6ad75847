import type { CrlRule } from "./rule.js";

/** X.509, standards L6: the list keeps certificates that expired since then, so it lies in the past. */
export const expiredCertsAfterThisUpdate: CrlRule = {
  names: ["sekisho.crl_expired_certs_after_this_update"],
  text: "expiredCertsOnCRL is after thisUpdate",
  breaks: ({ extensions: { expiredCertsOnCRL }, header }) =>
    expiredCertsOnCRL !== undefined && expiredCertsOnCRL > header.thisUpdate,
};
