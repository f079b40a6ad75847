import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { TbsCertListFields } from "../../src/crl/tbs-cert-list.js";
import {
  buildTbsCertList,
  ECDSA_WITH_SHA256,
  entry,
  SHA256_WITH_RSA,
  signTbsCertList,
} from "../support/crl.js";
import { OpensslCa } from "../support/openssl-ca.js";

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

    it("openssl reads and verifies ours, also after 2049", () => {
      const late = entry("0a", { revocationDate: seconds("2050-01-01T00:00:00Z"), reasonCode: 9 });
      const tbs = buildTbsCertList(fields("2055-01-01T00:00:00Z", "2056-01-01T00:00:00Z"), [
        late,
        ...SAME_ENTRIES,
      ]);
      writeFileSync(ca.path("ours.der"), signTbsCertList(tbs, ca.key, signatureAlgorithm));
      const text = ca.run("crl", "-in", "ours.der", "-inform", "DER", "-CAfile", "ca.pem", "-noout", "-text");
      assert.match(text, /verify OK/);
      assert.match(text, /Version 2.*Last Update: Jan {2}1 00:00:00 2055 GMT/s);
      assert.match(
        text,
        /Serial Number: 0A\s+Revocation Date: Jan {2}1 00:00:00 2050 GMT.*Privilege Withdrawn/s,
      );
      assert.match(text, /Serial Number: 7F/);
    });
  });
}
