import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { statSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { hex } from "../../src/core/bytes.js";
import type { RevokedEntry } from "../../src/crl/entry.js";
import { freshestCRL } from "../../src/crl/extensions.js";
import { fileChunks } from "../../src/crl/file-chunks.js";
import { readCrl } from "../../src/crl/read-crl.js";
import { reasonName } from "../../src/crl/reason.js";
import type { TbsCertListFields } from "../../src/crl/tbs-cert-list.js";
import {
  buildTbsCertList,
  ECDSA_WITH_SHA256,
  entry,
  SHA256_WITH_RSA,
  signTbsCertList,
} from "../support/crl.js";
import { OpensslCa } from "../support/openssl-ca.js";

/** `YYYYMMDDHHMMSSZ` as ISO 8601. */
const isoOf = (text: string): string => text.replace(/^(....)(..)(..)(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z");

/** Serial numbers in the text of `openssl crl -text` or `certtool --crl-info`. */
const serialsIn = (text: string): string[] =>
  [...text.matchAll(/Serial Number(?: \(hex\))?: ([0-9A-Fa-f]+)/g)].map((match) =>
    (match[1] as string).toUpperCase(),
  );

const seconds = (iso: string): number => Date.parse(iso) / 1000;

const REVOKED_AT = "240601120000Z";
const REVOKED = seconds("2024-06-01T12:00:00Z");

/** The same entries for openssl and for us. */
const INDEX = [
  `R\t341231235959Z\t${REVOKED_AT}\t7F\tunknown\t/CN=a`,
  `R\t341231235959Z\t${REVOKED_AT},keyCompromise\t80\tunknown\t/CN=b`,
  `R\t341231235959Z\t${REVOKED_AT},holdInstruction,holdInstructionReject\t0123\tunknown\t/CN=c`,
  `V\t341231235959Z\t\t0200\tunknown\t/CN=valid`,
  `R\t341231235959Z\t${REVOKED_AT},keyTime,20200229101112Z\tFFEEDDCCBBAA99887766554433221100\tunknown\t/CN=d`,
];

const OTHER_REASONS = [
  "CACompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
  "removeFromCRL",
];
const REASONS_INDEX = OTHER_REASONS.map(
  (reason, i) => `R\t341231235959Z\t491231235959Z,${reason}\t1${i}\tunknown\t/CN=r`,
);

const SAME_INDEX = INDEX.filter((line) => !line.includes("holdInstruction"));
const SAME_ENTRIES = [
  entry("7f", { revocationDate: REVOKED }),
  entry("80", { revocationDate: REVOKED, reasonCode: 1 }),
  entry("ffeeddccbbaa99887766554433221100", {
    revocationDate: REVOKED,
    reasonCode: 1,
    invalidityDate: seconds("2020-02-29T10:11:12Z"),
  }),
];

for (const keyType of ["rsa", "p256"] as const) {
  describe(`CRL against openssl, ${keyType}`, () => {
    let ca: OpensslCa;
    const signatureAlgorithm = keyType === "rsa" ? SHA256_WITH_RSA : ECDSA_WITH_SHA256;
    before(() => {
      ca = new OpensslCa(keyType);
    });
    after(() => ca.remove());

    const fields = (thisUpdate: string, nextUpdate: string): TbsCertListFields => ({
      issuerName: ca.subjectName,
      signatureAlgorithm,
      thisUpdate: seconds(thisUpdate),
      nextUpdate: seconds(nextUpdate),
      cRLNumber: 0x1ffn,
      authorityKeyIdentifier: ca.keyIdentifier,
    });

    it("our tbsCertList equals openssl's byte for byte (G1-G7)", () => {
      for (const [index, entries] of [
        [[], []],
        [SAME_INDEX, SAME_ENTRIES],
      ] as const) {
        const theirs = ca.generateCrl(index, "20240701000000Z", "20500101000000Z", "01FF");
        const tbs = buildTbsCertList(fields("2024-07-01T00:00:00Z", "2050-01-01T00:00:00Z"), entries);
        const at = theirs.indexOf(tbs.subarray(0, 4));
        assert.deepEqual(theirs.subarray(at, at + tbs.length).toString("hex"), tbs.toString("hex"));
      }
    });

    it("openssl's CRLs are read entry for entry, and their signature verifies", () => {
      const read = (index: readonly string[], nextUpdate: string) => {
        const seen: RevokedEntry[] = [];
        const crl = readCrl([ca.generateCrl(index, "20491231235959Z", nextUpdate, "0100")], {
          publicKey: ca.certificate.publicKey,
          onEntry: ({ serial, revocationDate, reasonCode, invalidityDate }) =>
            seen.push(entry(hex(serial), { revocationDate, reasonCode, invalidityDate })),
        });
        assert.equal(crl.signatureValid, true);
        assert.equal(crl.entries.ascending, true);
        assert.deepEqual(Buffer.from(crl.header.issuerName), Buffer.from(ca.subjectName));
        assert.deepEqual(
          Buffer.from(crl.extensions.authorityKeyIdentifier?.keyIdentifier ?? []),
          Buffer.from(ca.keyIdentifier),
        );
        assert.equal(crl.extensions.cRLNumber, 0x100n);
        assert.equal(crl.header.thisUpdate, seconds("2049-12-31T23:59:59Z"));
        assert.equal(crl.header.nextUpdate, seconds(isoOf(nextUpdate)));
        assert.equal(crl.header.wrongTimeType, false);
        return seen;
      };
      assert.deepEqual(read([], "20491231235959Z"), []);
      const hold = entry("0123", { revocationDate: REVOKED, reasonCode: 6 });
      assert.deepEqual(read(INDEX, "20500101000000Z"), [
        ...SAME_ENTRIES.slice(0, 2),
        hold,
        ...SAME_ENTRIES.slice(2),
      ]);
      assert.deepEqual(
        read(REASONS_INDEX, "99991231235959Z").map(({ reasonCode }) => reasonName(reasonCode)),
        ["cACompromise", "affiliationChanged", "superseded", "cessationOfOperation", "removeFromCRL"],
      );
    });

    it("openssl reads and verifies ours, also after 2049", () => {
      const late = entry("0a", { revocationDate: seconds("2050-01-01T00:00:00Z"), reasonCode: 9 });
      const extensions = [freshestCRL("http://pki.example/crl/root-delta.crl")];
      const tbs = buildTbsCertList(
        { ...fields("2055-01-01T00:00:00Z", "2056-01-01T00:00:00Z"), extensions },
        [late, ...SAME_ENTRIES],
      );
      writeFileSync(ca.path("ours.der"), signTbsCertList(tbs, ca.key, signatureAlgorithm));
      const text = ca.run("crl", "-in", "ours.der", "-inform", "DER", "-CAfile", "ca.pem", "-noout", "-text");
      assert.match(text, /verify OK/);
      assert.match(text, /Version 2.*Last Update: Jan {2}1 00:00:00 2055 GMT/s);
      assert.match(
        text,
        /Serial Number: 0A\s+Revocation Date: Jan {2}1 00:00:00 2050 GMT.*Privilege Withdrawn/s,
      );
      assert.match(text, /Serial Number: 7F/);
      assert.match(text, /Freshest CRL:\s+Full Name:\s+URI:http:\/\/pki.example\/crl\/root-delta.crl/);
    });

    const listOf = (count: number) => {
      const entries = Array.from({ length: count }, (_, i) =>
        entry((0x1000_0000 + i * 77).toString(16).repeat(2), {
          revocationDate: REVOKED + i,
          reasonCode: i % 6,
        }),
      );
      const tbs = buildTbsCertList(fields("2026-07-01T00:00:00Z", "2026-07-08T00:00:00Z"), entries);
      const file = `list-${count}.der`;
      writeFileSync(ca.path(file), signTbsCertList(tbs, ca.key, signatureAlgorithm));
      return { file, serials: entries.map((each) => hex(each.bytes).toUpperCase()) };
    };

    it("a list of 30,000 entries is over 1 MB and the same to openssl (G18)", () => {
      const { file, serials } = listOf(30_000);
      assert.ok(statSync(ca.path(file)).size > 1_000_000);
      const text = ca.run("crl", "-in", file, "-inform", "DER", "-CAfile", "ca.pem", "-noout", "-text");
      assert.match(text, /verify OK/);
      assert.deepEqual(serialsIn(text), serials);
      const crl = readCrl(fileChunks(ca.path(file)), { publicKey: ca.certificate.publicKey });
      assert.equal(crl.signatureValid, true);
      assert.equal(crl.entries.count, 30_000);
    });

    // certtool takes time by the square of the length.
    it("a list of 2,000 entries is the same to certtool", (t) => {
      const { file, serials: expected } = listOf(2_000);
      const certtool = spawnSync("certtool", ["--crl-info", "--inder", "--infile", ca.path(file)], {
        encoding: "utf8",
        maxBuffer: 2 ** 28,
      });
      if (certtool.error !== undefined)
        return t.diagnostic("certtool is not installed: not compared with GnuTLS");
      assert.deepEqual(serialsIn(certtool.stdout), expected);
    });
  });
}
