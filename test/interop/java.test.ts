import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type DemoPki, startDemoPki } from "../support/demo-pki.js";
import { java } from "../support/programs.js";
import { judge, STATUSES, verdicts, withoutTime } from "../support/verdicts.js";

/** Java's PKIXRevocationChecker, without falling back from OCSP to CRL or back (A3, B4, B8, B9, C1, F1, F5, G1 to G7). */

const { path, ...otherwise } = java();

for (const key of ["rsa2048", "p256"] as const)
  describe(`Java's PKIX with a ${key} delegate`, otherwise, () => {
    let pki: DemoPki;
    before(async () => {
      pki = await startDemoPki(key);
    });
    after(() => pki.stop());

    for (const method of ["GET", "POST"] as const)
      test(`good, revoked, on hold, unknown by ${method}, with a nonce too (B8, D1, F1); the CRL agrees (B10, B20, G11)`, async () => {
        const useGet = `-Dcom.sun.security.ocsp.useget=${method === "GET"}`;
        const command = [path as string, useGet, judge("PkixVerdicts.java")];
        const before = await pki.answered(method);
        const [ocsp, nonce, crl] = verdicts(pki, command, ["ocsp", "ocsp-nonce", "crl"]);
        assert.equal((await pki.answered(method)) - before, 8);
        const [good, revoked, hold, unknown] = ocsp as string[];
        assert.deepEqual(
          [good, revoked, hold].map((said) => withoutTime(said as string)),
          STATUSES.slice(0, 3),
        );
        assert.equal(unknown, "refused: Certificate's revocation status is unknown");
        assert.deepEqual(nonce, ocsp);
        assert.deepEqual(crl, [good, revoked, hold, "good"]);
      });
  });
