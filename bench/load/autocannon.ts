import autocannon, { type Result } from "autocannon";

export interface AutocannonPlan {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly path?: string;
  /** DER OCSPRequest to post; absent: GET. */
  readonly body?: Buffer;
}

/** The load tool that everybody knows: closed loop, so that a server which stands still is hardly seen in its percentiles. */
export function autocannonRun({
  port,
  connections,
  seconds,
  path = "/",
  body,
}: AutocannonPlan): Promise<Result> {
  const url = `http://127.0.0.1:${port}${path}`;
  const asked =
    body === undefined
      ? {}
      : { method: "POST" as const, body, headers: { "content-type": "application/ocsp-request" } };
  return autocannon({ url, connections, duration: seconds, ...asked });
}
