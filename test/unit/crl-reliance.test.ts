import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { OID } from "../../src/asn1/oid.js";
import { time } from "../../src/asn1/time.js";
import { type Der, encoded, integer, sequence } from "../../src/asn1/writer.js";
import { isSekishoError } from "../../src/core/errors.js";
import type { CrlExpectation } from "../../src/crl/crl-fault.js";
import { crlSigner, type VerifiedCrl, verifyCrl } from "../../src/verify/crl.js";
import { assertDisjoint, combineCrls } from "../../src/verify/crl-set.js";
import { writeInto } from "../support/openssl.js";
import { DAY, extension, flag, idpValue, NAME, type RawCrl, rawEntry, uriName } from "../support/raw-crl.js";
import { baseNumber, crlExtensions, partitionOf, revoked, signedCrl } from "../support/signed-crl.js";
import { TEST_NOW, TestCa } from "../support/test-ca.js";

const directory = mkdtempSync(join(tmpdir(), "sekisho-test-"));
after(() => rmSync(directory, { recursive: true, force: true }));

const ca = new TestCa("p256");
const signer = crlSigner(ca.certificate.der);
let files = 0;

function verify(der: Buffer, expected: CrlExpectation = {}, now = TEST_NOW): VerifiedCrl {
  return verifyCrl(writeInto(directory, `${++files}.crl`, der), signer, now, expected);
}

const signed = (number: number, entries: Der[] | undefined, ...others: Der[]): Buffer =>
  signedCrl(ca, { entries, extensions: crlExtensions(ca, number, ...others) });

function refuses(act: () => unknown, message: RegExp): void {
  assert.throws(act, (error) => isSekishoError(error, "CRL_INVALID") && message.test(error.message));
}

const SHARD = "http://pki.example/crl/root/1.crl";
const OTHER_SHARD = "http://pki.example/crl/root/2.crl";
const CRITICAL = extension("1.2.3.4", integer(1), true);

/** Extensions that make a list of a kind, beside key identifier and number 7. */
const KINDS: Record<string, readonly Der[]> = {
  complete: [],
  delta: [baseNumber(5)],
  partitioned: [partitionOf(SHARD)],
  "delta of a partition": [baseNumber(5), partitionOf(SHARD)],
};

for (const [kind, extensions] of Object.entries(KINDS))
  describe(`reliance on a ${kind} CRL (P28)`, () => {
    const list = (fields: RawCrl = {}, ...others: Der[]): Buffer =>
      signedCrl(ca, {
        entries: revoked(1, [2, 1]),
        extensions: crlExtensions(ca, 7, ...extensions, ...others),
        ...fields,
      });

    it("a good one is relied upon", () => {
      const { crl, currency } = verify(list(), { lastNumber: 7n, url: SHARD });
      assert.equal(crl.entries.count, 2);
      assert.equal(currency, "current");
    });

    it("an unknown critical extension, of the list or an entry, makes it unusable", () => {
      refuses(() => verify(list({}, CRITICAL)), /critical extension 1\.2\.3\.4 is not known/);
      const entries = [...revoked(1), rawEntry(2, time(TEST_NOW - 60), CRITICAL)];
      refuses(() => verify(list({ entries })), /an entry has a critical extension/);
    });

    it("an unknown extension that is not critical does not", () => {
      const harmless = extension("1.2.3.4", integer(1));
      const entries = [rawEntry(2, time(TEST_NOW - 60), harmless)];
      assert.equal(verify(list({ entries }, harmless)).crl.entries.count, 1);
    });

    it("another issuer, another key and a broken signature are refused", () => {
      refuses(() => verify(list({ issuerName: NAME })), /issuer is not the subject/);
      const other = new TestCa("p256");
      refuses(
        () => verify(list({ extensions: crlExtensions(other, 7, ...extensions) })),
        /names another key/,
      );
      const broken = list();
      broken[broken.length - 1] = (broken.at(-1) as number) ^ 1;
      refuses(() => verify(broken), /signature does not verify/);
    });

    it("a number below one that was seen is a rollback", () => {
      refuses(() => verify(list(), { lastNumber: 8n }), /rollback: its number is 7, 8 was seen/);
      assert.equal(verify(list(), { lastNumber: 6n }).crl.extensions.cRLNumber, 7n);
    });

    it("a nextUpdate that has passed, or none, is a stale list; a thisUpdate to come a future one", () => {
      assert.equal(verify(list(), {}, TEST_NOW + DAY).currency, "current");
      assert.equal(verify(list(), {}, TEST_NOW + DAY + 1).currency, "stale");
      assert.equal(verify(list({ nextUpdate: undefined })).currency, "stale");
      assert.equal(verify(list(), {}, TEST_NOW - 1).currency, "future");
    });

    it("version 1 with extensions is refused", () => {
      refuses(() => verify(list({ version: undefined })), /version 1 CRL has extensions/);
    });

    it("what cannot be read is refused with the file's name", () => {
      refuses(() => verify(list().subarray(0, -1)), /\/\d+\.crl: truncated at byte/);
    });
  });

describe("reliance on partitioned CRLs", () => {
  it("a partition is refused at any other distribution point (H10, K9)", () => {
    const partition = signed(7, undefined, partitionOf(SHARD));
    refuses(() => verify(partition, { url: OTHER_SHARD }), /it is the list of .*1\.crl, not of .*2\.crl/);
    refuses(() => verify(partition, { url: SHARD.toUpperCase() }), /not of/);
  });

  it("a list of all certificates counts wherever it lies (H10)", () => {
    assert.equal(verify(signed(7, undefined), { url: SHARD }).currency, "current");
  });

  it("a serial on two partitions is found (H12)", () => {
    const one = verify(signed(7, revoked(1, 3, 5), partitionOf(SHARD)));
    const two = verify(signed(8, revoked(2, 4, 6), partitionOf(OTHER_SHARD)));
    const overlapping = verify(signed(9, revoked(2, 5, 9), partitionOf(OTHER_SHARD)));
    assertDisjoint([one, two]);
    refuses(() => assertDisjoint([one, two, overlapping]), /serial 05 is in .*\.crl and in .*\.crl/);
  });

  it("an older list of the same partition, a delta and a complete list are no second partition", () => {
    const all = verify(signed(6, revoked(1, 3)));
    const older = verify(signed(6, revoked(1), partitionOf(SHARD)));
    const newer = verify(signed(8, revoked(1, 3), partitionOf(SHARD)));
    const delta = verify(signed(8, revoked(3), partitionOf(SHARD), baseNumber(6)));
    assertDisjoint([older, newer, delta, all]);
  });
});

describe("reliance on delta CRLs", () => {
  const base = verify(signed(5, revoked(1, [2, 6], 3)));
  const delta = (number: number, since: number, entries: Der[] | undefined, ...others: Der[]) =>
    verify(signed(number, entries, baseNumber(since), ...others));

  it("base and delta together are the complete list (H5, H7)", () => {
    const changes = revoked([1, 1], [2, 8], 4, [9, 8]);
    const [combined, ...others] = combineCrls([base, delta(9, 5, changes)]);
    assert.deepEqual(combined?.effect, { added: 1, changed: 1, removed: 1, entries: 3 });
    assert.deepEqual(others, []);
  });

  it("a delta that builds on a newer list than ours is refused (H4)", () => {
    refuses(
      () => combineCrls([base, delta(9, 6, undefined)]),
      /builds on number 6, the complete one is older: 5/,
    );
  });

  it("the newest complete list of the scope is taken", () => {
    const newer = verify(signed(7, revoked(1)));
    const [combined] = combineCrls([newer, base, delta(9, 6, revoked(4))]);
    assert.equal(combined?.complete, newer);
  });

  it("a complete list that is newer than the delta stays as it is", () => {
    const [combined] = combineCrls([verify(signed(10, undefined)), delta(9, 5, revoked(4))]);
    assert.equal(combined?.effect, undefined);
  });

  it("two lists of one number have to say the same (H2)", () => {
    const same = combineCrls([base, delta(5, 4, revoked(1))]);
    assert.deepEqual(same[0]?.effect, { added: 0, changed: 0, removed: 0, entries: 3 });
    for (const entries of [revoked(4), revoked([1, 1]), revoked([1, 8])])
      refuses(
        () => combineCrls([base, delta(5, 4, entries)]),
        /has the number of .*, 5, and says something else/,
      );
  });

  it("a delta of another scope needs a complete list of its own (H3)", () => {
    const shard = delta(9, 5, undefined, partitionOf(SHARD));
    refuses(() => combineCrls([base, shard]), /no complete CRL of this delta CRL's scope/);
    const complete = verify(signed(6, undefined, partitionOf(SHARD)));
    assert.equal(combineCrls([base, complete, shard])[0]?.complete, complete);
  });

  it("a delta alone is verified and put on nothing", () => {
    assert.deepEqual(combineCrls([delta(9, 5, undefined)]), []);
  });

  it("a delta without a number, or one that builds on itself, is refused", () => {
    const [aki] = crlExtensions(ca, 7) as [Der];
    refuses(() => verify(signedCrl(ca, { extensions: [aki, baseNumber(5)] })), /delta CRL has no number/);
    refuses(() => delta(5, 5, undefined), /not below its own/);
  });

  it("a complete list without a number has nothing to build on", () => {
    const [aki] = crlExtensions(ca, 7) as [Der];
    const unnumbered = verify(signedCrl(ca, { extensions: [aki] }));
    refuses(() => combineCrls([unnumbered, delta(9, 5, undefined)]), /need numbers/);
  });
});

describe("reliance on odd but legal CRLs", () => {
  const [aki] = crlExtensions(ca, 7) as [Der];
  const indirect = extension(OID.issuingDistributionPoint, idpValue(undefined, flag(4)), true);

  it("no entries, no number, no extensions, version 1", () => {
    const lists: RawCrl[] = [
      { entries: undefined },
      { extensions: [aki] },
      { extensions: undefined },
      { extensions: undefined, version: undefined },
      { extensions: undefined, version: undefined, entries: revoked(1) },
    ];
    for (const fields of lists) assert.equal(verify(signedCrl(ca, fields)).currency, "current");
  });

  it("a list without a number cannot be told from a rollback", () => {
    refuses(
      () => verify(signedCrl(ca, { extensions: [aki] }), { lastNumber: 1n }),
      /it has no number, 1 was seen/,
    );
  });

  it("an indirect CRL, also one without entries (H14)", () => {
    const issuer = extension("2.5.29.29", sequence(uriName("x:y")), true);
    const entries = [...revoked(1), rawEntry(2, time(TEST_NOW - 60), issuer), ...revoked(2)];
    assert.equal(verify(signed(7, entries, indirect)).crl.entries.certificateIssuers, true);
    assert.equal(verify(signed(7, undefined, indirect)).crl.entries.count, 0);
    refuses(() => verify(signed(7, entries)), /certificateIssuer in a CRL that is not an indirect one/);
    const nobody = [rawEntry(2, time(TEST_NOW - 60), extension("2.5.29.29", sequence(), true))];
    refuses(() => verify(signed(7, nobody, indirect)), /truncated/);
  });

  it("entries in any order", () => {
    const unordered = verify(signed(5, revoked(9, 1, 300, [2, 6])));
    const [combined] = combineCrls([unordered, verify(signed(9, revoked([2, 8], 4, 1), baseNumber(5)))]);
    assert.deepEqual(combined?.effect, { added: 1, changed: 0, removed: 1, entries: 4 });
  });

  it("a serial twice cannot be put together with anything", () => {
    const twice = [revoked(9, 1, 9), revoked(1, 9, 9)];
    for (const entries of twice) {
      const complete = verify(signed(5, entries));
      refuses(
        () => combineCrls([complete, verify(signed(9, undefined, baseNumber(5)))]),
        /serial number stands twice/,
      );
    }
  });

  it("a negative serial is read, and refused where lists are put together", () => {
    const negative = rawEntry(encoded(Buffer.of(2, 1, 0xff)), time(TEST_NOW - 60));
    const complete = verify(signed(5, [negative]));
    refuses(() => combineCrls([complete, verify(signed(9, undefined, baseNumber(5)))]), /negative serial/);
  });
});
