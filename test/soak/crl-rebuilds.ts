import type { ControlClient } from "../../src/control/client.js";
import { MAX_SEED } from "../../src/control/messages.js";
import { isRevoked, type Population, syntheticSerial } from "../../src/issuer/synthetic-population.js";
import { serialText } from "../../src/x509/serial.js";
import { connect, ISSUER } from "../../tools/quickstart/population.js";
import { Demo } from "./demo.js";

export interface CrlRebuildsOptions {
  /** Entries of the CRL at the start. */
  readonly entries: number;
  readonly seconds: number;
}

const ROLE: { role: "administrator"; approvals: [] } = { role: "administrator", approvals: [] };
const PERIOD_MS = 10_000;
/** A thousand certificates a second, in bulk; and now and then a single one. */
const BULK = 50;
const BULK_MS = 50;
const SINGLE_MS = 37;
const MOST_MS = 50;

/**
 * A large CRL is rebuilt every 10 s while certificates are revoked, in bulk and one by one: none of them waits longer
 * than 50 ms (p99), and the last list has them all.
 */
export async function crlRebuilds({ entries, seconds }: CrlRebuildsOptions): Promise<void> {
  const demo = await Demo.start({ create: ["--key", "p256"], responder: [] });
  const wanted = Math.ceil(seconds * (BULK * (1_000 / BULK_MS) + 1_000 / SINGLE_MS)) + BULK;
  const population = { certificates: entries + wanted, revoked: entries };
  await seed(demo.client, population);
  const serials = goodOnes(population);
  const [builder, bulk, single] = await Promise.all([client(demo), client(demo), client(demo)]);
  await issue(builder, "at rest");

  const end = performance.now() + 1_000 * seconds;
  const [waits, waitsOfOne] = await Promise.all([
    revokeEvery(BULK_MS, BULK, bulk, serials, end),
    revokeEvery(SINGLE_MS, 1, single, serials, end),
    rebuild(builder, end),
  ]);
  const listed = await issue(builder, "at the end");
  for (const each of [builder, bulk, single]) each.close();
  const revoked = waits.length * BULK + waitsOfOne.length;
  const perSecond = (revoked / seconds).toFixed(0);
  console.log(
    `${revoked} revoked (${perSecond}/s); in bulk of ${BULK}: ${spread(waits)}; single: ${spread(waitsOfOne)}`,
  );
  // The demonstration itself has one revoked and one held certificate.
  const expected = entries + revoked + 2;
  await demo.end();
  const wrong = [waits, waitsOfOne].filter((each) => quantile(each, 0.99) > MOST_MS).map(spread);
  if (listed !== expected) wrong.push(`the last CRL has ${listed} entries instead of ${expected}`);
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}

async function client(demo: Demo): Promise<ControlClient> {
  const connected = await connect(demo.config);
  if (connected === undefined) throw new Error("the issuer does not listen");
  return connected;
}

async function seed(to: ControlClient, population: Population): Promise<void> {
  for (let from = 0; from < population.certificates; from += MAX_SEED) {
    const count = Math.min(MAX_SEED, population.certificates - from);
    await to.request<"store.seed">({ op: "store.seed", issuer: ISSUER, population, from, count, ...ROLE });
  }
  console.log(`${population.certificates} certificates, ${population.revoked} revoked`);
}

/** Serials of the population that are not revoked yet. */
function* goodOnes(population: Population): Generator<string> {
  for (let n = 0; n < population.certificates; n++)
    if (!isRevoked(population, n)) yield serialText(syntheticSerial(n));
}

/** Publishes a CRL; resolves with its number of entries. */
async function issue(through: ControlClient, when: string): Promise<number> {
  const started = performance.now();
  const request = { op: "crl.issue", issuer: ISSUER, delta: false, ...ROLE } as const;
  const { result } = await through.request<"crl.issue">(request);
  if (result === undefined) throw new Error("the CRL waits for an approval");
  const seconds = (performance.now() - started) / 1_000;
  const { number, entries, bytes } = result.crl;
  console.log(`CRL ${number} ${when}: ${entries} entries, ${bytes} octets in ${seconds.toFixed(2)} s`);
  return entries;
}

async function rebuild(through: ControlClient, end: number): Promise<void> {
  for (let next = performance.now(); next < end; next += PERIOD_MS) {
    await until(next);
    await issue(through, "meanwhile");
  }
}

/** Revokes `count` certificates each `ms`, due whatever became of those before; the waits from when each was due, in ms. */
async function revokeEvery(
  ms: number,
  count: number,
  through: ControlClient,
  serials: Iterator<string>,
  end: number,
): Promise<number[]> {
  const waits: number[] = [];
  const underWay: Promise<void>[] = [];
  for (let due = performance.now(); due < end; due += ms) {
    await until(due);
    const changes = Array.from({ length: count }, () => ({
      serial: serials.next().value as string,
      reason: "superseded" as const,
    }));
    const answered = through
      .request<"cert.revoke">({ op: "cert.revoke", issuer: ISSUER, changes, ...ROLE })
      .then(({ result }) => {
        waits.push(performance.now() - due);
        const refused = result?.changes.find((each) => "error" in each);
        if (refused !== undefined) throw new Error(JSON.stringify(refused));
      });
    underWay.push(answered);
  }
  await Promise.all(underWay);
  return waits;
}

const until = (due: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? 0;

const spread = (waits: readonly number[]): string =>
  `p50 ${quantile(waits, 0.5).toFixed(1)}, p99 ${quantile(waits, 0.99).toFixed(1)}, max ${quantile(waits, 1).toFixed(1)} ms`;
