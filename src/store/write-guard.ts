import { setImmediate } from "node:timers/promises";
import { SekishoError } from "../core/errors.js";
import type { Environment } from "./environment.js";

/**
 * Runs writes until one fails. Then nobody knows what reached the disk (a second fsync says nothing about the first),
 * and LMDB may no longer be able to read: nothing more is written until a restart has read what is there.
 */
export class WriteGuard {
  private failure: SekishoError | undefined;
  /** Rejects what is under way. */
  private readonly waiting = new Set<(failure: SekishoError) => void>();
  private report: (failure: SekishoError) => void = () => undefined;
  /** Resolves with STORE_FAILED once a write has failed. */
  readonly failed: Promise<SekishoError> = new Promise((resolve) => {
    this.report = resolve;
  });

  /** @param name what is written to, for messages */
  constructor(private readonly name: string) {}

  /**
   * Resolves with what `action` returned when everything it wrote is on disk. What `action` throws is passed on, and
   * nothing of it is written. Throws STORE_FAILED if the disk refuses this transaction, or another one before it ends:
   * lmdb never settles what waits behind a failed commit.
   */
  async transaction<T>(environment: Environment, action: () => T): Promise<T> {
    if (this.failure !== undefined) throw this.failure;
    let giveUp: (failure: SekishoError) => void = () => undefined;
    const failed = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    this.waiting.add(giveUp);
    try {
      return await Promise.race([this.run(environment, action), failed]);
    } finally {
      this.waiting.delete(giveUp);
    }
  }

  /** Runs a write outside of LMDB. Throws STORE_FAILED like `transaction`. */
  write(action: () => void): void {
    if (this.failure !== undefined) throw this.failure;
    try {
      action();
    } catch (error) {
      throw this.fail(error);
    }
  }

  private async run<T>(environment: Environment, action: () => T): Promise<T> {
    let refusal: { error: unknown } | undefined;
    try {
      // A child: lmdb otherwise keeps what a callback wrote before it threw.
      return await environment.childTransaction(() => {
        try {
          return action();
        } catch (error) {
          refusal = { error };
          throw error;
        }
      });
    } catch (error) {
      if (error === refusal?.error) throw error;
      throw this.fail(await commitError(error));
    }
  }

  private fail(cause: unknown): SekishoError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.failure ??= new SekishoError("STORE_FAILED", `${this.name} could not be written: ${reason}`, {
      cause,
    });
    this.report(this.failure);
    for (const giveUp of this.waiting) giveUp(this.failure);
    return this.failure;
  }
}

/**
 * lmdb says why a commit failed in a second promise, whose rejection would end the process if nobody heard it. For
 * commits that fail together it rejects only one of them, so nobody may wait for it longer than a turn.
 */
async function commitError(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !("commitError" in error)) return error;
  const reason = Promise.resolve(error.commitError).then(
    () => error,
    (rejection: unknown) => rejection,
  );
  return Promise.race([reason, setImmediate(error)]);
}
