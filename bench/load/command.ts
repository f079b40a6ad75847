import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { parseCertificate } from "../../src/x509/certificate.js";
import { decodePem } from "../../src/x509/pem.js";
import { ocspRequest } from "../../test/support/ocsp-client.js";
import { checkSamples } from "./check-samples.js";
import { expectStatus, NONCE_OCTETS, type Question } from "./question.js";
import { assertRight } from "./rate.js";
import { describeLoad, runLoad } from "./run-generator.js";

export interface LoadOptions {
  /** PEM files: the issuer's certificate, and those to ask about. */
  readonly issuer: string;
  readonly cert: readonly string[];
  /** Requests a second; absent: as fast as answers come. */
  readonly rate?: number;
  readonly seconds: number;
  readonly connections: number;
  readonly get: boolean;
  readonly nonce: boolean;
  readonly allowRemote: boolean;
}

const SAMPLES = 1_000;
const STATUSES = ["good", "revoked", "unknown"] as const;

/** Loads any responder, and verifies up to a thousand of its answers. A host that is not loopback has to be allowed. */
export async function loadAny(text: string, options: LoadOptions): Promise<void> {
  const url = new URL(text);
  if (url.protocol !== "http:") throw new Error("expected an http:// URL");
  const { address: host } = await lookup(url.hostname, { family: 4 });
  if (!host.startsWith("127.") && !options.allowRemote)
    throw new Error(
      `${host} is not loopback: a load on a machine of others needs --allow-remote and their consent`,
    );
  const { connections, seconds, rate } = options;
  const issuer = parseCertificate(decodePem(readFileSync(options.issuer), "CERTIFICATE"));
  const asking = options.cert.map((file) => {
    const { serialNumber } = parseCertificate(decodePem(readFileSync(file), "CERTIFICATE"));
    const nonce = options.nonce ? randomBytes(NONCE_OCTETS) : undefined;
    const der = ocspRequest(issuer, [serialNumber], nonce);
    return { der, question: questionOf(url, der, serialNumber, nonce, options.get) };
  });
  const plan = {
    host,
    port: Number(url.port || 80),
    connections,
    seconds,
    questions: asking.map(({ question }) => question),
    samples: SAMPLES,
  };
  const report = await runLoad(rate === undefined ? plan : { ...plan, rate });
  console.log(describeLoad(report));
  assertRight(report);
  checkSamples(report.samples, { issuer, requests: asking.map(({ der }) => der), statuses: STATUSES });
  console.log(`${report.samples.length} sampled answers verified: CertID, nonce, times, signature`);
}

function questionOf(
  url: URL,
  der: Buffer,
  serialNumber: Uint8Array,
  nonce: Buffer | undefined,
  get: boolean,
): Question {
  const path = url.pathname.replace(/\/$/, "");
  const head = get
    ? [`GET ${path}/${encodeURIComponent(der.toString("base64"))} HTTP/1.1`, `Host: ${url.host}`]
    : [
        `POST ${path || "/"} HTTP/1.1`,
        `Host: ${url.host}`,
        "Content-Type: application/ocsp-request",
        `Content-Length: ${der.length}`,
      ];
  const request = Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), get ? Buffer.alloc(0) : der]);
  const expect = expectStatus(serialNumber, ...STATUSES);
  return nonce === undefined || get
    ? { request, expect }
    : { request, expect, nonceAt: request.indexOf(nonce) };
}
