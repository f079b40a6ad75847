import { bytesOf, elementsOf, listsIn } from "./der-element.js";

/** Enough for inputs of some hundred octets. */
const MOST_TRIALS = 20_000;

/**
 * A small input that still breaks the rule: takes out elements, then runs of octets, as long as `breaks` says so. Not
 * the smallest there is.
 */
export function minimise(input: Uint8Array, breaks: (candidate: Uint8Array) => boolean): Uint8Array {
  let best = input;
  let trials = 0;
  for (;;) {
    const smaller = [...withoutElements(best), ...withoutOctets(best)]
      .filter(({ length }) => length < best.length)
      .sort((a, b) => a.length - b.length)
      .find((candidate) => trials++ < MOST_TRIALS && breaks(candidate));
    if (smaller === undefined) return best;
    best = smaller;
  }
}

/** The document with each element left out in turn; lengths around it follow. */
function withoutElements(bytes: Uint8Array): Uint8Array[] {
  const document = elementsOf(bytes);
  if (document === undefined) return [];
  const found: Uint8Array[] = [];
  for (const list of listsIn(document))
    for (let at = 0; at < list.length; at++) {
      const [taken] = list.splice(at, 1);
      found.push(bytesOf(document));
      if (taken !== undefined) list.splice(at, 0, taken);
    }
  return found;
}

function withoutOctets(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let size = bytes.length; size >= 1; size = Math.floor(size / 2))
    for (let at = 0; at + size <= bytes.length; at += size)
      found.push(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]));
  return found;
}
