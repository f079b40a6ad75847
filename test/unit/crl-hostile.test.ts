import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { OID } from "../../src/asn1/oid.js";
import { DerReader } from "../../src/asn1/reader.js";
import { generalizedTime, time } from "../../src/asn1/time.js";
import { type Der, encode, encoded, integer, sequence } from "../../src/asn1/writer.js";
import { isSekishoError } from "../../src/core/errors.js";
import { readCrl } from "../../src/crl/read-crl.js";
import { mutated } from "../support/mutated.js";
import {
  extension,
  flag,
  freshestValue,
  idpValue,
  rawEntry,
  reasonExtension,
  uriName,
} from "../support/raw-crl.js";
import { baseNumber, crlExtensions, revoked, signedCrl } from "../support/signed-crl.js";
import { TEST_NOW, TestCa } from "../support/test-ca.js";

const ca = new TestCa("p256");
const { publicKey } = ca.signer;

/** A list with every field and extension that is read, signed. */
const LIST = signedCrl(ca, {
  entries: [
    ...revoked(1, [0x80, 1]),
    rawEntry(
      0x0102,
      time(2_600_000_000),
      reasonExtension(6),
      extension(OID.invalidityDate, generalizedTime(TEST_NOW - 60)),
      extension("2.5.29.29", sequence(uriName("x:y")), true),
    ),
  ],
  extensions: crlExtensions(
    ca,
    7,
    baseNumber(5),
    extension(OID.issuingDistributionPoint, idpValue("http://a/1.crl", flag(1), flag(4)), true),
    extension(OID.freshestCRL, freshestValue("http://a/d.crl")),
    extension(OID.expiredCertsOnCRL, generalizedTime(TEST_NOW - 60)),
    extension(OID.nextPublish, time(TEST_NOW + 60)),
    extension("1.2.3.4", integer(1)),
  ),
});

/** What reading ends with: the refusal, or whether the signature is good. */
function verdict(chunks: Iterable<Uint8Array>): string | boolean | undefined {
  try {
    return readCrl(chunks, { publicKey }).signatureValid;
  } catch (error) {
    if (!isSekishoError(error, "CRL_INVALID")) throw error;
    return error.message;
  }
}

interface Node {
  readonly tag: number;
  readonly children?: readonly Node[];
  readonly content?: Uint8Array;
}

function parseTree(bytes: Uint8Array): Node[] {
  const reader = new DerReader(bytes);
  const nodes: Node[] = [];
  while (reader.more) {
    reader.any();
    const { tag } = reader;
    const content = reader.content();
    // An extension's value and a constructed type have elements inside.
    const inside = (tag & 0x20) !== 0 || (tag === 0x04 && content[0] === 0x30);
    nodes.push(inside ? { tag, children: parseTree(content) } : { tag, content });
  }
  return nodes;
}

const all = (node: Node): Node[] => [node, ...(node.children ?? []).flatMap(all)];

/** Encodes the tree; the node `odd` by the function, all others in DER. */
function encodeTree(
  node: Node,
  odd: Node | undefined,
  oddly: (tag: number, content: Buffer) => Buffer,
): Buffer {
  const content = Buffer.concat(
    node.children?.map((child) => encodeTree(child, odd, oddly)) ?? [node.content as Uint8Array],
  );
  if (node === odd) return oddly(node.tag, content);
  const { length } = content;
  const lengthOctets =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(node.tag, ...lengthOctets), content]);
}

describe("hostile CRLs", () => {
  const [root] = parseTree(LIST) as [Node];

  it("the list itself verifies, and the tests write it the same way", () => {
    assert.equal(verdict([LIST]), true);
    assert.deepEqual(encodeTree(root, undefined, Buffer.concat as never), LIST);
  });

  it("cut anywhere, it is refused (P28)", () => {
    for (let length = 0; length < LIST.length; length++)
      assert.match(String(verdict([LIST.subarray(0, length)])), /truncated/, `${length} bytes`);
  });

  it("with any one bit flipped, it is refused or does not verify", () => {
    for (let bit = 0; bit < LIST.length * 8; bit++) {
      const changed = Buffer.from(LIST);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.notEqual(verdict([changed]), true, `bit ${bit}`);
    }
  });

  it("with a length written in more octets than needed, it is refused (P3)", () => {
    const longer = (tag: number, content: Buffer): Buffer => {
      const octets = Buffer.alloc(4);
      octets.writeUInt32BE(content.length);
      return Buffer.concat([Buffer.of(tag, 0x84), octets, content]);
    };
    const verdicts = all(root).map((node) => verdict([encodeTree(root, node, longer)]));
    const refused = verdicts.filter((each) => String(each).startsWith("length-not-minimal"));
    assert.ok(!verdicts.includes(true));
    // The others are in names, algorithm identifiers and unknown extensions, which are taken as they are.
    assert.ok(refused.length >= 75, `${refused.length} of ${verdicts.length}`);
  });

  it("with an indefinite length, it is refused (P2)", () => {
    const indefinite = (tag: number, content: Buffer): Buffer =>
      Buffer.concat([Buffer.of(tag, 0x80), content, Buffer.of(0, 0)]);
    for (const node of all(root)) assert.notEqual(verdict([encodeTree(root, node, indefinite)]), true);
  });

  it("nested deeply, it costs no stack: refused, or passed over where nothing looks into it (P6)", () => {
    const deep = (): Der => {
      let bytes: Uint8Array = encode(integer(1));
      for (let i = 0; i < 10_000; i++) bytes = encode(sequence(encoded(bytes)));
      return encoded(bytes);
    };
    const value = deep();
    const withExtension = (oid: string) =>
      verdict([signedCrl(ca, { extensions: crlExtensions(ca, 7, extension(oid, value)) })]);
    for (const oid of ["1.2.3.4", OID.freshestCRL]) assert.equal(withExtension(oid), true);
    for (const oid of [OID.issuingDistributionPoint, OID.deltaCRLIndicator])
      assert.match(String(withExtension(oid)), /unexpected-tag|trailing-bytes/);
    assert.match(String(verdict([signedCrl(ca, { issuerName: value })])), /too-deep/);
  });

  it("whatever it is, chunk sizes change nothing about the verdict", () => {
    fc.assert(
      fc.property(mutated(LIST), fc.integer({ min: 1, max: 60 }), (bytes, size) => {
        function* chunks() {
          for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
        }
        const whole = verdict([bytes]);
        assert.equal(verdict(chunks()), whole);
        if (!Buffer.from(bytes).equals(LIST)) assert.notEqual(whole, true);
      }),
      { numRuns: 2000 },
    );
  });
});
