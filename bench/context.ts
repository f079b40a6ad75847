import { Demo } from "../test/soak/demo.js";
import type { Progress } from "./harness/result.js";
import type { KeyName } from "./peers/openssl-ca.js";

/** What a bench is given. */
export interface BenchContext {
  /** A temporary directory of its own. */
  readonly dir: string;
  /** Rounds of interleaved trials; absent: as many as the bench thinks right. */
  readonly rounds?: number;
  readonly progress: Progress;
  /** Has something done when the bench ends, however it ends; the last first. */
  atEnd(act: () => Promise<void>): void;
}

/** A running installation with software keys, its delegate's of this type, until the bench ends. */
export async function startDemo(
  { atEnd }: BenchContext,
  key: KeyName,
  ...responder: string[]
): Promise<Demo> {
  const demo = await Demo.start({ create: ["--signer", "software", "--key", key], responder });
  // A bench that is stopped leaves no services behind; the demonstration itself lies in a temporary directory.
  const endNow = (): void => {
    for (const { pid } of [demo.responderService, demo.issuerService])
      try {
        process.kill(pid, "SIGTERM");
      } catch {
        // It has been stopped before.
      }
  };
  process.once("exit", endNow);
  atEnd(async () => {
    process.off("exit", endNow);
    await demo.end();
  });
  return demo;
}
