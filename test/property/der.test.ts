import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromBER } from "asn1js";
import fc from "fast-check";
import { DerError, DerReader } from "../../src/asn1/reader.js";
import { assertStrictDer } from "../../src/asn1/strict-der.js";
import { contextConstructed, contextPrimitive, TAG } from "../../src/asn1/tags.js";
import { bitString, constructed, type Der, encode, octetString, primitive } from "../../src/asn1/writer.js";
import { mutated } from "../support/mutated.js";

/** A document as a tree: what goes in and what must come out. */
type Tree = { readonly tag: number; readonly content: Uint8Array | readonly Tree[] };

const leafTags = [
  TAG.OCTET_STRING,
  TAG.UTF8_STRING,
  TAG.PRINTABLE_STRING,
  contextPrimitive(0),
  contextPrimitive(30),
];
const constructedTags = [TAG.SEQUENCE, TAG.SET, contextConstructed(0), contextConstructed(30)];

const node = (tags: readonly number[], content: fc.Arbitrary<Tree["content"]>): fc.Arbitrary<Tree> =>
  fc.record({ tag: fc.constantFrom(...tags), content }, { noNullPrototype: true });

const tree = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    node(leafTags, fc.uint8Array({ maxLength: 300 })),
    node(constructedTags, fc.array(tie("tree"), { maxLength: 5 })),
  ),
})).tree;

const isLeaf = (content: Tree["content"]): content is Uint8Array => content instanceof Uint8Array;

const write = ({ tag, content }: Tree): Der =>
  isLeaf(content) ? primitive(tag, content) : constructed(tag, ...content.map(write));

function read(reader: DerReader): Tree {
  reader.any();
  const { tag } = reader;
  if ((tag & 0x20) === 0) return { tag, content: Uint8Array.from(reader.content()) };
  const outerEnd = reader.into();
  const content: Tree[] = [];
  while (reader.more) content.push(read(reader));
  reader.leave(outerEnd);
  return { tag, content };
}

/** Reads a whole document; throws DerError, or whatever a fault of the reader would throw. */
function readWhole(bytes: Uint8Array): Tree {
  const reader = new DerReader(bytes);
  const found = read(reader);
  reader.finish();
  return found;
}

/** What `action` gives, undefined if it refuses with a DerError. Any other exception passes. */
function unlessRefused<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

describe("any document", () => {
  it("reads back as the writer wrote it, and is strict DER", () => {
    fc.assert(
      fc.property(tree, (document) => {
        const der = encode(write(document));
        assert.deepEqual(readWhole(der), document);
        assertStrictDer(der, 100_000);
      }),
    );
  });

  it("that was mutated is read strictly or refused with a DerError: what is read writes the same bytes", () => {
    fc.assert(
      fc.property(
        tree.chain((document) => mutated(encode(write(document)))),
        (bytes) => {
          const document = unlessRefused(() => readWhole(bytes));
          if (document !== undefined) assert.deepEqual(encode(write(document)), Uint8Array.from(bytes));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("is not read beyond its end: the bytes that follow change nothing", () => {
    fc.assert(
      fc.property(
        tree.chain((document) => mutated(encode(write(document)))),
        fc.uint8Array({ maxLength: 20 }),
        (bytes, after) => {
          const window = (buffer: Uint8Array): Tree | undefined =>
            unlessRefused(() => read(new DerReader(new Uint8Array(0)).reset(buffer, 0, bytes.length)));
          assert.deepEqual(window(Buffer.concat([bytes, after])), window(bytes));
        },
      ),
    );
  });
});

describe("random bytes", () => {
  it("are read or refused with a DerError by every method", () => {
    const reader = new DerReader(new Uint8Array(0));
    const methods = [
      () => reader.integer(),
      () => reader.smallInteger(),
      () => reader.boolean(),
      () => reader.null(),
      () => reader.oid(),
      () => reader.bitString(),
      () => reader.any(),
      () => reader.enter(TAG.SEQUENCE),
    ];
    const tagged = fc
      .tuple(fc.constantFrom(1, 2, 3, 5, 6, 10, 0x30), fc.uint8Array({ maxLength: 40 }))
      .map(([tag, rest]) => Uint8Array.from([tag, ...rest]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), tagged), (bytes) => {
        for (const method of methods) {
          reader.reset(bytes);
          unlessRefused(() => {
            method();
            assert(reader.start <= reader.stop && reader.stop <= bytes.length);
          });
        }
        unlessRefused(() => assertStrictDer(bytes));
      }),
      { numRuns: 2000 },
    );
  });
});

/** What asn1js reads; undefined where it throws, as it does for a UniversalString that is no multiple of 4 octets. */
function readByLibrary(bytes: Uint8Array): ReturnType<typeof fromBER> | undefined {
  try {
    return fromBER(bytes);
  } catch (error) {
    assert.match(String(error), /Uint(16|32)Array should be a multiple/);
    return undefined;
  }
}

describe("assertStrictDer against asn1js", () => {
  const integer = fc
    .uint8Array({ minLength: 1, maxLength: 12 })
    .map((content) => ({ tag: TAG.INTEGER, content }));
  const documents = fc
    .tuple(tree, integer, fc.uint8Array({ maxLength: 9 }))
    .map(([inner, { tag, content }, bits]) =>
      encode(
        constructed(TAG.SEQUENCE, write(inner), primitive(tag, content), bitString(bits), octetString(bits)),
      ),
    );

  it("what it accepts, the library reads and writes again with the same bytes", () => {
    let accepted = 0;
    fc.assert(
      fc.property(documents.chain(mutated), (bytes) => {
        if (unlessRefused(() => assertStrictDer(bytes) ?? true) === undefined) return;
        // The library writes a time anew from what it understood of it, whatever stood there.
        if (bytes.includes(TAG.UTC_TIME) || bytes.includes(TAG.GENERALIZED_TIME)) return;
        accepted++;
        // The library reads every string type's text; what is no text of that type is not a matter of DER's form.
        const read = readByLibrary(bytes);
        if (read === undefined) return;
        const { offset, result } = read;
        if (result.error !== "") return assert.match(result.error, /String|UTF|Time|Date|reserved by ASN.1/i);
        assert.equal(offset, bytes.length);
        assert.deepEqual(new Uint8Array(result.toBER()), bytes);
      }),
      { numRuns: 2000 },
    );
    assert(accepted > 50, `only ${accepted} mutations were accepted`);
  });
});
