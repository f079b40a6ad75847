import type { CrlHeader } from "../../crl/header.js";

export const DAY = 86_400;

/** Seconds from thisUpdate to nextUpdate, both included; 0 without nextUpdate, which has a rule of its own. */
export function validitySeconds({ thisUpdate, nextUpdate }: CrlHeader): number {
  return nextUpdate === undefined ? 0 : nextUpdate - thisUpdate + 1;
}
