import { constants, getPriority, setPriority } from "node:os";
import { workerData } from "node:worker_threads";
import { systemClock } from "../core/clock.js";
import type { Config } from "../core/config.js";
import { isSekishoError } from "../core/errors.js";
import { openLog } from "../core/log.js";
import { keyStores } from "../signer/open.js";
import { StatusReader } from "../store/status-reader.js";
import { BatchAnswerer } from "./answer.js";
import { type BatchTask, NOTHING_ANSWERED, type PackedResult, packResult } from "./batch.js";
import { Trust } from "./trust.js";

/** A third of the main thread's share of a processor that both want. */
const NICER = 5;

/**
 * Piscina's entry: each worker thread has its own store reader and HSM sessions. The main thread has initialised the
 * module and logged in before the pool starts: both count for the whole process.
 */
const config: Config = workerData.config;
// On Linux this is the calling thread's alone: where processors are short, kept answers do not wait for signatures.
setPriority(Math.min(getPriority() + NICER, constants.priority.PRIORITY_LOW));
const log = openLog("responder-worker");
const status = StatusReader.open({ ...config.store, installation: config.installation });
const answerer = new BatchAnswerer(
  status,
  new Trust(status, config, keyStores(config, config.responder.sessions), log),
  systemClock,
  log,
);

export default async (task: BatchTask): Promise<PackedResult> => {
  try {
    return packResult(await answerer.answer(task));
  } catch (error) {
    // An error's code does not cross threads.
    if (task.ends.length > 0 || !isSekishoError(error)) throw error;
    const { code, message } = error;
    return packResult({ ...NOTHING_ANSWERED, signingFault: message, fault: { code, message } });
  }
};
