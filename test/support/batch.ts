import type { Clock } from "../../src/core/clock.js";
import { BatchAnswerer } from "../../src/responder/answer.js";
import { type Answer, pack, packed } from "../../src/responder/batch.js";
import type { RunBatch } from "../../src/responder/batcher.js";
import { Trust } from "../../src/responder/trust.js";
import type { KeyStore } from "../../src/signer/signer.js";
import { type Installation, silent } from "./installation.js";

export interface Answered {
  readonly response: Buffer;
  readonly answer: Answer;
}

/** A worker in this thread. */
export function workerOf(
  { context, config, keyStore }: Installation,
  clock: Clock = context.clock,
  keys: (token: string) => KeyStore = keyStore,
): RunBatch {
  const { reader } = context.status;
  const answerer = new BatchAnswerer(reader, new Trust(reader, config, keys, silent), clock, silent);
  return (task) => answerer.answer(task);
}

/** A worker in this thread, with batches packed and unpacked: requests in, answers out. */
export function answererOf(
  ...parts: Parameters<typeof workerOf>
): (...requests: Uint8Array[]) => Promise<Answered[]> {
  const run = workerOf(...parts);
  return async (...requests) => {
    const { bytes, ends } = pack(requests);
    const result = await run({ requests: bytes, ends });
    return result.answers.map((answer, i) => ({
      answer,
      response: Buffer.from(packed(result.responses, result.ends, i)),
    }));
  };
}
