import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import fc from "fast-check";
import { DerReader } from "../../src/asn1/reader.js";
import { encode } from "../../src/asn1/writer.js";
import { hex } from "../../src/core/bytes.js";
import { isSekishoError } from "../../src/core/errors.js";
import { applyDelta } from "../../src/crl/apply-delta.js";
import { ascendingEntries } from "../../src/crl/ascending-entries.js";
import type { RevokedEntry } from "../../src/crl/entry.js";
import { compareSerials, EntryMerge, type EntrySource } from "../../src/crl/entry-merge.js";
import { ParsedEntry } from "../../src/crl/parsed-entry.js";
import { CrlReader, readCrl } from "../../src/crl/read-crl.js";
import { certificateListEnvelope } from "../../src/crl/tbs-cert-list.js";
import { diffEntries, readPair } from "../../src/verify/crl-diff.js";
import { buildTbsCertList, ECDSA_WITH_SHA256, entry } from "../support/crl.js";
import { NAME } from "../support/raw-crl.js";

const directory = mkdtempSync(join(tmpdir(), "sekisho-test-"));
after(() => rmSync(directory, { recursive: true, force: true }));

/** What a list says of one serial. */
type Said = Pick<RevokedEntry, "revocationDate" | "reasonCode" | "invalidityDate">;
/** A list: what it says by serial, as hexadecimal digits. */
type Model = ReadonlyMap<string, Said>;

/** Few enough serials that lists share some, of lengths from 1 to 20 octets with and without a sign octet. */
const serial = fc
  .tuple(
    fc.constantFrom("01", "7f", "80", "ff"),
    fc.constantFrom(0, 1, 2, 15, 19),
    fc.constantFrom("00", "7f", "a5"),
  )
  .map(([first, length, rest]) => first + rest.repeat(length));
const said = (reasons: readonly number[]): fc.Arbitrary<Said> =>
  fc
    .record({
      revocationDate: fc.constantFrom(1_700_000_000, 1_700_000_001, 2_600_000_000),
      reasonCode: fc.constantFrom(...reasons),
      invalidityDate: fc.constantFrom(0, 1_600_000_000),
    })
    .map((fields) => ({ ...fields }));
const model = (reasons: readonly number[] = [0, 1, 6]): fc.Arbitrary<Model> =>
  fc
    .uniqueArray(fc.tuple(serial, said(reasons)), { selector: ([key]) => key, maxLength: 30 })
    .map((all) => new Map(all));

const inOrder = (serials: Iterable<string>): string[] =>
  [...serials].sort((a, b) => compareSerials(entry(a), entry(b)));

/** A signed-looking CRL with the entries in the order of `serials`. */
function list(said: Model, serials: readonly string[] = inOrder(said.keys())): Buffer {
  const fields = {
    issuerName: encode(NAME),
    signatureAlgorithm: ECDSA_WITH_SHA256,
    thisUpdate: 2_700_000_000,
    nextUpdate: 2_700_600_000,
    cRLNumber: 1n,
    authorityKeyIdentifier: new Uint8Array(20),
  };
  const tbs = buildTbsCertList(
    fields,
    serials.map((each) => entry(each, said.get(each))),
  );
  const { header, trailer } = certificateListEnvelope(tbs.length, ECDSA_WITH_SHA256, new Uint8Array(70));
  return Buffer.concat([header, tbs, trailer]);
}

const saidBy = ({ revocationDate, reasonCode, invalidityDate }: RevokedEntry): Said => ({
  revocationDate,
  reasonCode,
  invalidityDate,
});
const serialOf = ({ bytes, serialStart, serialStop }: RevokedEntry): string =>
  hex(bytes.subarray(serialStart, serialStop));

/** Chunks of a few bytes in one buffer that is used again, so that an entry kept too long is seen to change. */
function* smallChunks(bytes: Uint8Array): Generator<Uint8Array> {
  const buffer = new Uint8Array(37);
  for (let at = 0; at < bytes.length; at += buffer.length) {
    const piece = bytes.subarray(at, at + buffer.length);
    buffer.set(piece);
    yield buffer.subarray(0, piece.length);
  }
}

const reader = (bytes: Uint8Array): CrlReader => new CrlReader(smallChunks(bytes));

function readAll(source: EntrySource): [string, Said][] {
  const all: [string, Said][] = [];
  for (let next = source.next(); next !== undefined; next = source.next())
    all.push([serialOf(next), saidBy(next)]);
  return all;
}

function writeList(name: string, bytes: Uint8Array): string {
  const file = join(directory, name);
  writeFileSync(file, bytes);
  return file;
}

it("serials are in the order of their numbers", () => {
  fc.assert(
    fc.property(serial, serial, (a, b) => {
      const difference = BigInt(`0x${a}`) - BigInt(`0x${b}`);
      assert.equal(
        Math.sign(compareSerials(entry(a), entry(b))),
        Number(difference > 0n) - Number(difference < 0n),
      );
    }),
  );
});

it("a merge sees each serial once, in order, with what every list says of it", () => {
  fc.assert(
    fc.property(fc.array(model(), { minLength: 1, maxLength: 4 }), (models) => {
      const merge = new EntryMerge(...models.map((each) => reader(list(each))));
      const serials: string[] = [];
      while (merge.next()) {
        const present = merge.entries.filter((each) => each !== undefined);
        const [first] = present.map(serialOf) as [string];
        serials.push(first);
        assert.deepEqual(new Set(present.map(serialOf)), new Set([first]));
        assert.deepEqual(
          merge.entries.map((each) => each && saidBy(each)),
          models.map((each) => each.get(first)),
        );
      }
      assert.deepEqual(serials, inOrder(new Set(models.flatMap((each) => [...each.keys()]))));
      assert.equal(merge.next(), false);
    }),
  );
});

it("base and delta together are what a map of both says (H5, H7)", () => {
  fc.assert(
    fc.property(model(), model([0, 1, 6, 8]), (base, delta) => {
      const expected = new Map(base);
      for (const [key, value] of delta)
        if (value.reasonCode === 8) expected.delete(key);
        else expected.set(key, value);
      const result: [string, Said][] = [];
      const effect = applyDelta(reader(list(base)), reader(list(delta)), (each) =>
        result.push([serialOf(each), saidBy(each)]),
      );
      assert.deepEqual(
        result,
        inOrder(expected.keys()).map((key) => [key, expected.get(key)]),
      );
      const differs = (key: string) => JSON.stringify(base.get(key)) !== JSON.stringify(expected.get(key));
      assert.deepEqual(effect, {
        added: [...expected.keys()].filter((key) => !base.has(key)).length,
        changed: [...expected.keys()].filter((key) => base.has(key) && differs(key)).length,
        removed: [...base.keys()].filter((key) => !expected.has(key)).length,
        entries: expected.size,
      });
    }),
  );
});

it("a list in any order is read in the order of serials", () => {
  fc.assert(
    fc.property(model(), fc.infiniteStream(fc.nat()), (all, randoms) => {
      const weights = new Map([...all.keys()].map((key) => [key, randoms.next().value as number]));
      const shuffled = [...all.keys()].sort(
        (a, b) => (weights.get(a) as number) - (weights.get(b) as number),
      );
      const file = writeList("shuffled.crl", list(all, shuffled));
      const source = ascendingEntries(file, readCrl([list(all, shuffled)]).entries);
      assert.deepEqual(
        readAll(source),
        inOrder(all.keys()).map((key) => [key, all.get(key)]),
      );
      source.close();
    }),
  );
});

it("a diff finds what was added, removed and changed, and nothing else", () => {
  fc.assert(
    fc.property(model(), model(), (old, latest) => {
      const pair = readPair(writeList("old.crl", list(old)), writeList("new.crl", list(latest)));
      const differences: [string, Said | undefined, Said | undefined][] = [];
      const counts = diffEntries(pair, (before, after) =>
        differences.push([
          serialOf((after ?? before) as RevokedEntry),
          before && saidBy(before),
          after && saidBy(after),
        ]),
      );
      const all = inOrder(new Set([...old.keys(), ...latest.keys()]));
      const expected = all
        .map((key) => [key, old.get(key), latest.get(key)] as const)
        .filter(([, before, after]) => JSON.stringify(before) !== JSON.stringify(after));
      assert.deepEqual(differences, expected);
      assert.deepEqual(counts, {
        added: expected.filter(([, before]) => before === undefined).length,
        removed: expected.filter(([, , after]) => after === undefined).length,
        changed: expected.filter(([, before, after]) => before !== undefined && after !== undefined).length,
        unchanged: all.length - expected.length,
      });
    }),
  );
});

/** An entry as bytes, of which the reader may see those before `end`. */
interface Window {
  readonly bytes: Uint8Array;
  readonly end: number;
}

it("the quick way to read an entry and the general one agree on good and on broken entries", () => {
  const fieldsOf = ({ bytes, end }: Window, read: (each: ParsedEntry) => void): object | string => {
    const der = new DerReader(bytes).reset(bytes, 0, end);
    const parsed = new ParsedEntry(der);
    try {
      read(parsed);
    } catch (error) {
      return String(error);
    }
    const {
      bytes: _bytes,
      reader: _reader,
      extensions: _extensions,
      ...fields
    } = parsed as unknown as Record<string, unknown>;
    return { ...fields, position: der.position };
  };
  const change = fc.record({
    at: fc.nat(80),
    value: fc.constantFrom(0, 1, 2, 0x17, 0x30, 0x39, 0x3a, 0x7f, 0x80, 0xff),
  });
  const usual = fc.tuple(serial, said([0, 1, 8])).map(([key, fields]) => {
    const whole = list(new Map([[key, fields]]));
    let bytes: Uint8Array = whole;
    readCrl([whole], { onEntry: (each) => (bytes = each.bytes.slice(each.start, each.stop)) });
    return bytes;
  });
  const mutant = fc
    .tuple(usual, fc.array(change, { maxLength: 2 }), fc.nat(60))
    .map(([bytes, changes, cut]) => {
      const changed = Uint8Array.from(bytes);
      for (const { at, value } of changes) if (at < changed.length) changed[at] = value;
      return { bytes: changed, end: cut < 5 ? changed.length - cut : changed.length };
    });
  fc.assert(
    fc.property(mutant, (window) => {
      assert.deepEqual(
        fieldsOf(window, (each) => each.read()),
        fieldsOf(window, (each) => each.readAny()),
      );
    }),
    { numRuns: 5000 },
  );
});

it("a list too long to be sorted is refused, one in order is not", () => {
  const all = new Map(
    ["01", "02", "03"].map((key) => [
      key,
      { revocationDate: 1_700_000_000, reasonCode: 0, invalidityDate: 0 },
    ]),
  );
  const open = (serials: readonly string[], limit: number) => {
    const bytes = list(all, serials);
    return ascendingEntries(writeList("limit.crl", bytes), readCrl([bytes]).entries, limit);
  };
  const octets = 3 * 20;
  assert.equal(readAll(open(["03", "02", "01"], octets)).length, 3);
  assert.throws(
    () => open(["03", "02", "01"], octets - 1),
    (error) => isSekishoError(error, "CRL_INVALID") && /too long to be sorted/.test(error.message),
  );
  assert.equal(readAll(open(["01", "02", "03"], 0)).length, 3);
});
