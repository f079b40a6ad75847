import { Piscina } from "piscina";
import type { Config } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import { type BatchTask, type PackedResult, unpackResult } from "./batch.js";
import type { Workers } from "./signing-pool.js";

/** A task for what a worker says of itself. */
export const NO_REQUESTS: BatchTask = { requests: new Uint8Array(0), ends: new Uint32Array(0) };

export interface StartedWorkers {
  readonly workers: Workers;
  /** Until when each issuer's delegate can sign; see BatchResult. */
  readonly delegates: ReadonlyMap<string, number>;
  /** What one signature takes in one worker, in milliseconds. */
  readonly signatureMs: number;
}

/**
 * Starts all workers at once: each loads modules, opens sessions and signs something, which no request should wait for.
 * A process whose token does not sign must not take over from one that still has kept answers: throws what the token
 * said.
 */
export async function startWorkers(config: Config): Promise<StartedWorkers> {
  const threads = config.responder.workers;
  const pool = new Piscina<BatchTask, PackedResult>({
    filename: new URL("./worker.js", import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    workerData: { config },
  });
  const workers: Workers = {
    run: async (task) => unpackResult(await pool.run(task)),
    close: () => pool.close(),
  };
  const probe = { ...NO_REQUESTS, probe: true };
  const [first] = await Promise.all(Array.from({ length: threads }, () => workers.run(probe)));
  if (first?.fault !== undefined) throw new SekishoError(first.fault.code, first.fault.message);
  if (first?.signingFault !== undefined) throw new SekishoError("TOKEN_FAILED", first.signingFault);
  // The first signature of a worker also opened its session.
  const { signingMs, signatures } = await workers.run(probe);
  return {
    workers,
    delegates: first?.delegates ?? new Map(),
    signatureMs: signingMs / Math.max(1, signatures),
  };
}
