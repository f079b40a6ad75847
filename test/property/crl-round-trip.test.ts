import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { it } from "node:test";
import fc from "fast-check";
import { MAX_TIME } from "../../src/asn1/time.js";
import { encode } from "../../src/asn1/writer.js";
import { hex } from "../../src/core/bytes.js";
import { isSekishoError } from "../../src/core/errors.js";
import type { RevokedEntry } from "../../src/crl/entry.js";
import { readCrl } from "../../src/crl/read-crl.js";
import { buildTbsCertList, ECDSA_WITH_SHA256, entry, signTbsCertList } from "../support/crl.js";
import { NAME } from "../support/raw-crl.js";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

const seconds = fc.integer({ min: 1, max: MAX_TIME });
const serial = fc
  .uint8Array({ minLength: 1, maxLength: 20 })
  .filter((octets) => octets[0] !== 0)
  .map(hex);
const revokedEntry = fc
  .record({
    serial,
    revocationDate: seconds,
    reasonCode: fc.constantFrom(0, 1, 5, 6, 10),
    invalidityDate: seconds,
  })
  .map(({ serial, ...fields }) => entry(serial, fields));

const FIELDS = {
  issuerName: encode(NAME),
  signatureAlgorithm: ECDSA_WITH_SHA256,
  thisUpdate: 1_750_000_000,
  nextUpdate: 1_750_600_000,
  cRLNumber: 77n,
  authorityKeyIdentifier: new Uint8Array(20).fill(3),
};

const signed = (entries: readonly RevokedEntry[]): Buffer =>
  signTbsCertList(buildTbsCertList(FIELDS, entries), privateKey, ECDSA_WITH_SHA256);

/** Cuts bytes into pieces of the sizes, over and over. Every piece is a copy that is wiped afterwards, as a reused buffer would be. */
function* pieces(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const piece = bytes.slice(at, at + (sizes[turn % sizes.length] as number));
    at += piece.length;
    yield piece;
    piece.fill(0xa5);
  }
}

it("what is written is read, at any chunk size, and the signature verifies", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(revokedEntry, { maxLength: 60 }), sizes, (entries, chunkSizes) => {
      const read: RevokedEntry[] = [];
      const crl = readCrl(pieces(signed(entries), chunkSizes), {
        publicKey,
        onEntry: ({ serial, revocationDate, reasonCode, invalidityDate }) =>
          read.push(entry(hex(serial), { revocationDate, reasonCode, invalidityDate })),
      });
      assert.deepEqual(read, entries);
      assert.equal(crl.signatureValid, true);
      assert.equal(crl.extensions.cRLNumber, 77n);
      assert.equal(crl.entries.count, entries.length);
    }),
  );
});

it("changed bytes are read or refused as CRL_INVALID, never more; a changed tbsCertList never verifies", () => {
  const original = signed(
    [1, 2, 3].map((n) => entry(`0${n}`, { reasonCode: n, invalidityDate: 1_600_000_000 })),
  );
  const change = fc.record({ at: fc.nat(original.length - 1), value: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(original.length), (changes, cut) => {
      const bytes = Buffer.from(original);
      for (const { at, value } of changes) bytes[at] = value;
      const mutant = cut % 4 === 0 ? bytes.subarray(0, cut) : bytes;
      try {
        const { signatureValid } = readCrl([mutant], { publicKey });
        if (!mutant.equals(original)) assert.equal(signatureValid, false);
      } catch (error) {
        if (!isSekishoError(error, "CRL_INVALID")) throw error;
      }
    }),
    { numRuns: 3000 },
  );
});

it("random bytes are refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.throws(
        () => readCrl([bytes]),
        (error) => isSekishoError(error, "CRL_INVALID"),
      );
    }),
  );
});
