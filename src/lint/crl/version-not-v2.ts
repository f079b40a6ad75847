import type { CrlRule } from "./rule.js";

/** Standards G1. */
export const versionNotV2: CrlRule = {
  names: ["pkix.crl_version_is_not_v2"],
  text: "version is not v2",
  breaks: ({ header }) => header.version !== undefined && header.version !== 1,
};
