import type { BenchContext } from "./context.js";
import { plainFigures } from "./harness/plain-figures.js";
import type { BenchResult, Figure } from "./harness/result.js";
import { signingBench } from "./signing.js";

const SECONDS = 0.5;
const ROUNDS = 5;
/** DESIGN 7, by how the names of the signing bench's results begin and end. */
const WANTED: readonly (readonly [RegExp, Pick<Figure, "atLeast" | "atMost">])[] = [
  [/^token .*\.nativeRatio\.median$/, { atLeast: 0.95 }],
  [/^responder rsa2048.*\.costRatio\.median$/, { atMost: 1.15 }],
  [/^responder p256 addon true\.costRatio\.median$/, { atMost: 2.5 }],
  [/^responder p256\.costRatio\.median$/, { atMost: 4.5 }],
  [/^responder rsa2048 addon true\.ofProcessors$/, { atLeast: 0.8 }],
  [/^responder p256 addon true\.ofProcessors$/, { atLeast: 0.4 }],
];

/** Signing without HTTP beside a loop in C, and what a signed answer costs beside a signature of `openssl speed`. */
export async function signingFiguresBench({ rounds, progress }: BenchContext): Promise<BenchResult> {
  const report = await signingBench({ seconds: SECONDS, rounds: rounds ?? ROUNDS, onProgress: progress });
  const wanted = (name: string) => WANTED.find(([pattern]) => pattern.test(name))?.[1];
  return { bench: "signing", comparisons: [], figures: [...plainFigures(report, wanted)], controls: [] };
}
