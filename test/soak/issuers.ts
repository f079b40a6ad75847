import { makeManyIssuers } from "../support/many-issuers.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";
import { RunningResponder } from "../support/responder.js";

export interface IssuersOptions {
  readonly count: number;
}

const MOST_SECONDS = 5;

/** Many CAs in one responder, each with a delegate: the time from its start to an answer about a certificate of the last. */
export async function issuers({ count }: IssuersOptions): Promise<void> {
  console.log(`creating ${count} CAs with a delegate each`);
  const installation = await makeManyIssuers(count);
  const { context, dir, ids, port } = installation;
  const { certificate } = context.authorities.get(ids.at(-1) as string);
  const begun = performance.now();
  const responder = await RunningResponder.start(dir);
  const startedMs = performance.now() - begun;
  const body = new Uint8Array(ocspRequest(certificate, [certificate.serialNumber]));
  const response = await fetch(`http://127.0.0.1:${port}/ocsp`, { method: "POST", body });
  const said = statusIn(Buffer.from(await response.arrayBuffer()), certificate.serialNumber);
  const answeredMs = performance.now() - begun;
  console.log(
    `${count} issuers: serves after ${startedMs.toFixed(0)} ms, first answer about the last CA after ${answeredMs.toFixed(0)} ms`,
  );
  await responder.stop();
  await installation.close();
  if (said !== "good") throw new Error(`the last CA's certificate: ${said}`);
  if (answeredMs > MOST_SECONDS * 1000) throw new Error(`later than ${MOST_SECONDS} s`);
}
