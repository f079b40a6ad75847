import type { CrlRule } from "./rule.js";

/** Standards G1. */
export const versionMissing: CrlRule = {
  names: ["pkix.crl_version_missing"],
  text: "version is absent, which says v1",
  breaks: ({ header }) => header.version === undefined,
};
