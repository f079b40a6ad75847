import { ControlClient } from "../control/client.js";
import type { ControlOp, Outcome, RequestOf, ResultOf } from "../control/messages.js";
import type { Config } from "../core/config.js";
import { openOperator } from "./operator.js";
import type { CommonOptions } from "./options.js";
import { EXIT_FILED, printJson, printLines } from "./output.js";

/** An open connection to the issuer, and the fields that every request of this operator carries. */
export interface Session {
  readonly client: ControlClient;
  readonly acting: Pick<RequestOf<"status">, "role" | "approvals">;
}

/** Connects as the operator and runs `use`; the connection is closed whatever happens. */
export async function withSession<Value>(
  config: Config,
  { operator: named }: CommonOptions,
  use: (session: Session) => Promise<Value>,
): Promise<Value> {
  const operator = openOperator(config, named);
  const client = await ControlClient.connect({
    socket: config.control.socket,
    installation: config.installation,
    operator: operator.name,
    privateKey: operator.privateKey,
  });
  try {
    return await use({ client, acting: { role: operator.role, approvals: [] } });
  } finally {
    client.close();
  }
}

/** Prints how a request ended: the result for people or as JSON, or the number under which it was filed (exit 3). */
export function report<Op extends ControlOp>(
  outcome: Outcome<Op>,
  { json }: CommonOptions,
  describe: (result: ResultOf<Op>) => string[],
): void {
  if (outcome.filed !== undefined) reportFiled(outcome.filed.request, json);
  else if (json) printJson(outcome.result);
  else printLines(describe(outcome.result));
}

export function reportFiled(request: string, json: boolean | undefined): void {
  process.exitCode = EXIT_FILED;
  if (json) printJson({ request });
  else printLines([`request ${request}`]);
}
