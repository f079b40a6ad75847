import { SekishoError } from "../core/errors.js";
import { scopeText } from "../crl/scope.js";
import type { CrlTask, ListTask } from "./crl-task.js";

/** The error that keeps a list from being published. */
export function refused({ cRLNumber, scope }: CrlTask, { kind }: ListTask, why: string): SekishoError {
  const name = `${kind === "delta" ? "delta CRL" : "CRL"} ${cRLNumber}${scopeText(scope)}`;
  return new SekishoError("CRL_GATE", `${name} is not published: ${why}`);
}
