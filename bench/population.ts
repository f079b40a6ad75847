import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isRevoked, type Population, syntheticSerial } from "../src/issuer/synthetic-population.js";
import type { Certificate } from "../src/x509/certificate.js";
import type { Demo } from "../test/soak/demo.js";
import { ocspGet } from "../test/soak/questions.js";
import { ocspRequest } from "../test/support/ocsp-client.js";
import type { Asked } from "./load/check-samples.js";
import { expectStatus, type Question } from "./load/question.js";

const SEED = fileURLToPath(new URL("../tools/seed.js", import.meta.url));

/** Fills the installation's store through its issuer, as `npm run seed` does. */
export async function seed(demo: Demo, certificates: number, revoked: number): Promise<void> {
  const args = ["--config", demo.config.file, "--certs", String(certificates), "--revoked", String(revoked)];
  await promisify(execFile)(process.execPath, [SEED, ...args], { maxBuffer: 1 << 24 });
}

/** Serials of the population's certificates that are good, from its `from`th certificate on, as operators write them. */
export function* goodSerials(population: Population, from = 0): Generator<string, void, undefined> {
  for (let n = from; n < population.certificates; n++)
    if (!isRevoked(population, n)) yield Buffer.from(syntheticSerial(n)).toString("hex");
}

/** Questions about certificates spread over the seeded population, by GET. */
export function populationQuestions(
  issuer: Certificate,
  certificates: number,
  count: number,
): { questions: Question[]; asked: Asked } {
  const step = Math.floor(certificates / count);
  const serials = Array.from({ length: count }, (_, i) => syntheticSerial(i * step));
  const requests = serials.map((serial) => ocspRequest(issuer, [serial]));
  const questions = requests.map((der, i) => ({
    request: ocspGet(der),
    expect: expectStatus(serials[i] as Uint8Array, "good", "revoked"),
  }));
  return { questions, asked: { issuer, requests, statuses: ["good", "revoked"] } };
}
