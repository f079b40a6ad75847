import { createCa } from "../../src/issuer/create-ca.js";
import { enrol, makeInstallation } from "../support/installation.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";
import { freePort } from "../support/quickstart.js";
import { RunningResponder } from "../support/responder.js";

export interface IssuersOptions {
  readonly count: number;
}

const MOST_SECONDS = 5;

/** Many CAs in one responder, each with a delegate: the time from its start to an answer about a certificate of the last. */
export async function issuers({ count }: IssuersOptions): Promise<void> {
  const port = await freePort();
  const installation = await makeInstallation((text) => withIssuers(text, count, port));
  console.log(`creating ${count} CAs with a delegate each`);
  const { context, keyStore, dir } = installation;
  for (let i = 0; i < count; i++) await createCa(context, keyStore(`c${i}`), `i${i}`);
  await enrol(installation);
  const { certificate } = context.authorities.get(`i${count - 1}`);
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

/** The demonstration's configuration with so many roots more, each with a token of its own. */
function withIssuers(text: string, count: number, port: number): string {
  const start = text.indexOf("[issuers.root]");
  const end = text.indexOf("# Policies:");
  const root = text.slice(start, end);
  const more = Array.from({ length: count }, (_, i) => {
    const token = `[tokens.c${i}]\nprovider = "software"\ndir = "keys/c${i}"\npin_file = "secrets/ca.pin"\n\n`;
    const issuer = root
      .replaceAll("issuers.root", `issuers.i${i}`)
      .replace("Demo Root CA", `Demo CA ${i}`)
      .replace('token = "ca"', `token = "c${i}"`);
    return token + issuer;
  });
  return (text.slice(0, start) + root + more.join("") + text.slice(end))
    .replace(/^listen = .*$/m, `listen = "127.0.0.1:${port}"`)
    .replace(/^metrics_listen = .*$/m, `metrics_listen = "127.0.0.1:${port + 1}"`);
}
