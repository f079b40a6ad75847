import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";

const FUZZ_ROUNDS = Number(process.env.SEKISHO_FUZZ_ROUNDS ?? 3_000);

type Call = (...args: unknown[]) => unknown;

/** A native method on any object, with any arguments. */
export function untyped(method: unknown, self: unknown): Call {
  return (...args) => Reflect.apply(method as () => unknown, self, args);
}

/**
 * Calls the targets by turns with `right` arguments that were mutated. Each call must return or throw an Error, and some
 * must do the one and more the other.
 */
export async function fuzzCalls(
  targets: readonly { call: Call; right: readonly unknown[] }[],
): Promise<void> {
  const outcomes = { returned: 0, refused: 0 };
  for (let round = 0; round < FUZZ_ROUNDS; round++) {
    const { call, right } = targets[round % targets.length] as (typeof targets)[number];
    try {
      await call(...mutated(right));
      outcomes.returned++;
    } catch (error) {
      assert.ok(error instanceof Error, `thrown: ${String(error)}`);
      outcomes.refused++;
    }
  }
  assert.ok(outcomes.returned > 0 && outcomes.refused > outcomes.returned, JSON.stringify(outcomes));
}

/** Arguments of which one or two, or a property of one, are something else; now and then too few or too many. */
function mutated(right: readonly unknown[]): unknown[] {
  const args = [...right];
  for (let count = randomInt(3); count > 0; count--) {
    const position = randomInt(args.length);
    const old = args[position];
    const isKey = typeof old === "object" && old !== null && "slot" in old;
    const names = isKey ? Object.keys(old) : [];
    args[position] =
      isKey && randomInt(4) > 0 ? { ...old, [names[randomInt(names.length)] as string]: junk() } : junk();
  }
  if (randomInt(20) === 0) args.length = randomInt(args.length);
  if (randomInt(20) === 0) args.push(junk());
  return args;
}

function junk(): unknown {
  const detached = new Uint8Array(32);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const throwing = {
    get slot(): never {
      throw new Error("getter");
    },
  };
  const values: readonly unknown[] = [
    ...[undefined, null, true, Number.NaN, -1, 0.5, 2 ** 31, 2 ** 53, Number.POSITIVE_INFINITY, 10n ** 30n],
    ...["", "x".repeat(100_000), "/dev/null", Symbol("x"), () => {}, [], {}, throwing, detached],
    ...[
      new Uint8Array(new SharedArrayBuffer(64)),
      new Uint16Array(32),
      new Float64Array(8),
      new DataView(detached.buffer),
    ],
    ...[
      new ArrayBuffer(32),
      randomBytes(randomInt(200)),
      Buffer.alloc(1 << 20),
      new Proxy({}, { get: () => randomBytes(8) }),
    ],
    ...[randomInt(1_000), new Proxy(new Uint8Array(32), {})],
  ];
  return values[randomInt(values.length)];
}
