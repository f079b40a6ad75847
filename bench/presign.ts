import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { anonymousMiB } from "../test/soak/memory.js";
import { Service } from "../tools/quickstart/services.js";
import { type BenchContext, startDemo } from "./context.js";
import type { BenchResult } from "./harness/result.js";
import { opensslSpeed } from "./peers/openssl-speed.js";
import { seed } from "./population.js";

const CERTIFICATES = 50_000;
const START_SECONDS = 30;
const LOOK_MS = 200;

/** Signing an answer about every certificate before anybody asks (presign = "all"); P-256, software keys. */
export async function presignBench(context: BenchContext): Promise<BenchResult> {
  const { progress } = context;
  progress(`seeding ${CERTIFICATES} certificates`);
  const demo = await startDemo(context, "p256");
  await demo.responderService.stop();
  await seed(demo, CERTIFICATES, 0);
  const file = join(demo.dir, "presigning.toml");
  const text = readFileSync(join(demo.dir, "responder.toml"), "utf8");
  writeFileSync(file, text.replace(/^workers = .*$/m, '$&\npresign = "all"'), { mode: 0o600 });
  const oneCore = await opensslSpeed("p256", 1);
  const service = new Service("responder", file, join(demo.dir, "log"));
  context.atEnd(() => service.stop());
  await service.until("the responder's start", START_SECONDS, () => demo.isReady());
  const { host, port } = demo.config.responder.metricsListen;
  const signed = async (): Promise<number> => {
    const metrics = await (await fetch(`http://${host}:${port}/metrics`)).text();
    return Number(/^sekisho_cached_answers (\d+)/m.exec(metrics)?.[1] ?? 0);
  };
  const begun = performance.now();
  const before = await signed();
  for (let kept = before; kept < CERTIFICATES; kept = await signed()) {
    progress(`${kept} of ${CERTIFICATES} answers`);
    await wait(LOOK_MS);
  }
  const seconds = (performance.now() - begun) / 1000;
  const figures = [
    { what: `${CERTIFICATES.toLocaleString("en-US")} answers signed ahead`, value: seconds, unit: "s" },
    { what: "rate", value: (CERTIFICATES - before) / seconds, unit: "/s" },
    { what: "openssl speed, one core", value: oneCore, unit: "/s" },
    { what: "anonymous memory of the responder", value: anonymousMiB(service.pid), unit: "MiB" },
  ];
  return { bench: "presign", comparisons: [], figures, controls: [] };
}
