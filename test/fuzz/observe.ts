import { Finding } from "./target.js";

/** What a parser made of an input. */
export type Observed<Value> =
  | { readonly accepted: true; readonly value: Value }
  | { readonly accepted: false; readonly error: Error };

/** Octets around the second copy of an input: a parser that reads past its end finds an element there. */
const AROUND = 0x30;
const BEFORE = 7;
const BEHIND = 16;

/**
 * Runs a parser on the input twice, alone and in the middle of a longer buffer, and checks what holds for every parser:
 * it throws nothing but its own refusals, changes no octet, borrows from the input alone, and the bytes decide the result.
 */
export function observe<Value>(
  input: Uint8Array,
  parse: (bytes: Uint8Array) => Value,
  isRefusal: (error: unknown) => boolean,
): Observed<Value> {
  const alone = run(Uint8Array.from(input), parse, isRefusal);
  const arena = new Uint8Array(BEFORE + input.length + BEHIND).fill(AROUND);
  arena.set(input, BEFORE);
  const within = arena.subarray(BEFORE, BEFORE + input.length);
  const again = run(within, parse, isRefusal);
  if (!equalBytes(within, input)) throw new Finding("the parser changed its input");
  if (described(alone) !== described(again)) throw new Finding("the result depends on more than the bytes");
  if (again.accepted) assertBorrowed(again.value, within);
  return alone;
}

function run<Value>(
  bytes: Uint8Array,
  parse: (bytes: Uint8Array) => Value,
  isRefusal: (error: unknown) => boolean,
): Observed<Value> {
  try {
    return { accepted: true, value: parse(bytes) };
  } catch (error) {
    if (!isRefusal(error) || !(error instanceof Error))
      throw new Finding(`thrown: ${error instanceof Error ? error.name : error}`, { cause: error });
    return { accepted: false, error };
  }
}

function described<Value>(observed: Observed<Value>): string {
  return observed.accepted ? describe(observed.value) : `${observed.error.name} ${observed.error.message}`;
}

/** Text of any value, byte arrays as hexadecimal. */
export function describe(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (each instanceof Uint8Array) return Buffer.from(each).toString("hex");
    if (typeof each === "bigint") return `${each}n`;
    // A Buffer has become this before the replacer sees it.
    if (isBufferJson(each)) return Buffer.from(each.data).toString("hex");
    return each instanceof Set || each instanceof Map ? [...each] : each;
  });
}

function isBufferJson(value: unknown): value is { data: number[] } {
  return typeof value === "object" && value !== null && "type" in value && value.type === "Buffer";
}

/** Every byte array in the value that lies in the input's memory lies inside the input. */
function assertBorrowed(value: unknown, input: Uint8Array): void {
  if (value instanceof Uint8Array) {
    if (value.buffer !== input.buffer) return;
    const start = value.byteOffset - input.byteOffset;
    if (start < 0 || start + value.length > input.length)
      throw new Finding("a borrowed part lies outside the input");
  } else if (typeof value === "object" && value !== null)
    for (const inner of Object.values(value)) assertBorrowed(inner, input);
}

/**
 * Name of a refusal by the places in the source where it was made: another way through the parser has another name. That
 * is the coverage that guides the fuzzer; it costs nothing, where V8's own counters make each input many times as slow.
 */
export function refusalPlace({ name, stack = "" }: Error): string {
  const places = [...stack.matchAll(/\/src\/([\w/-]+\.js:\d+):\d+/g)].slice(0, 5).map(([, place]) => place);
  return [name, ...places].join(" ");
}

/** Numbers up to a few as they are, larger ones by their magnitude: outcomes must stay few. */
export function roughly(count: number): string {
  return count < 4 ? String(count) : `2^${Math.floor(Math.log2(count))}`;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
