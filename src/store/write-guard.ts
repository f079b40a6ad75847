import { SekishoError } from "../core/errors.js";
import type { Environment } from "./environment.js";

/**
 * Runs writes until one fails. Then nobody knows what reached the disk (a second fsync says nothing about the first),
 * and LMDB may no longer be able to read: nothing more is written until a restart has read what is there.
 */
export class WriteGuard {
  private failure: SekishoError | undefined;
  private report: (failure: SekishoError) => void = () => undefined;
  /** Resolves with STORE_FAILED once a write has failed. */
  readonly failed: Promise<SekishoError> = new Promise((resolve) => {
    this.report = resolve;
  });

  /** @param name what is written to, for messages */
  constructor(private readonly name: string) {}

  /**
   * Resolves with what `action` returned when everything it wrote is on disk. What `action` throws is passed on, and
   * nothing of it is written. Throws STORE_FAILED if the disk refuses this transaction or refused an earlier one.
   */
  async transaction<T>(environment: Environment, action: () => T): Promise<T> {
    if (this.failure !== undefined) throw this.failure;
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

  /** Runs a write outside of LMDB. Throws STORE_FAILED like `transaction`. */
  write(action: () => void): void {
    if (this.failure !== undefined) throw this.failure;
    try {
      action();
    } catch (error) {
      throw this.fail(error);
    }
  }

  private fail(cause: unknown): SekishoError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.failure ??= new SekishoError("STORE_FAILED", `${this.name} could not be written: ${reason}`, {
      cause,
    });
    this.report(this.failure);
    return this.failure;
  }
}

/** lmdb says why a commit failed in a second promise, whose rejection would otherwise end the process. */
async function commitError(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !("commitError" in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (reason) {
    return reason;
  }
}
