import type { Random } from "../fault/schedules/random.js";
import { bytesOf, type Element, elementsOf, listsIn } from "./der-element.js";
import { MAX_INPUT, mutateOctets } from "./mutate-octets.js";

const TAGS = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x17, 0x18, 0x30, 0x31];
const CONTEXT_TAGS = [0x80, 0x81, 0x82, 0x86, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4];

/**
 * The document with one element changed, everything around it with right lengths: what gets past the first checks. One
 * time in four, and where the bytes are not DER, octets are changed instead.
 */
export function mutateDer(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const document = random.chance(0.75) ? elementsOf(bytes) : undefined;
  if (document === undefined || document.length === 0) return mutateOctets(bytes, other, random);
  const list = random.pick(listsIn(document).filter(({ length }) => length > 0));
  random.pick(CHANGES)(list, random.int(list.length), random, other);
  const changed = bytesOf(document);
  return changed.length <= MAX_INPUT ? changed : bytes;
}

type Change = (list: Element[], at: number, random: Random, other: Uint8Array) => void;

const CHANGES: readonly Change[] = [
  (list, at) => list.splice(at, 1),
  (list, at) => list.splice(at, 0, list[at] as Element),
  (list, at, random) => {
    const [moved] = list.splice(at, 1);
    list.splice(random.int(list.length + 1), 0, moved as Element);
  },
  (list, at, random) => {
    (list[at] as Element).tag = random.pick(random.chance(0.7) ? TAGS : CONTEXT_TAGS);
  },
  (list, at, random, other) => {
    const found = elementsOf(other);
    if (found !== undefined && found.length > 0) list[at] = random.pick(listsIn(found).flat());
  },
  (list, at) => {
    list[at] = { tag: 0x30, content: new Uint8Array(), inner: [list[at] as Element] };
  },
  (list, at) => {
    const { inner } = list[at] as Element;
    if (inner !== undefined) list.splice(at, 1, ...inner);
  },
  (list, at, random) => {
    const element = list[at] as Element;
    element.content = new Uint8Array(random.int(300)).fill(random.int(256));
    element.inner = undefined;
  },
  (list, at, random) => {
    for (let copies = random.int(80); copies > 0; copies--) list.push(list[at] as Element);
  },
  changeContent,
  changeContent,
  changeContent,
];

function changeContent(list: Element[], at: number, random: Random, other: Uint8Array): void {
  const element = list[at] as Element;
  if (element.inner !== undefined && random.chance(0.8)) {
    if (element.inner.length > 0)
      changeContent(element.inner, random.int(element.inner.length), random, other);
    return;
  }
  const content = element.inner === undefined ? element.content : bytesOf(element.inner);
  element.content = mutateOctets(content, other, random);
  element.inner = undefined;
}
