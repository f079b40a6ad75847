import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type DemoPki, startDemoPki } from "../support/demo-pki.js";
import { bouncyCastle } from "../support/programs.js";
import { judge, STATUSES, verdicts, withoutTime } from "../support/verdicts.js";

/** Bouncy Castle: its OCSP and CRL classes, and its provider's PKIXRevocationChecker (A3, B3 to B10, C1, D1, F1, G1 to G7). */

const { path: classPath, ...otherwise } = bouncyCastle();

for (const key of ["rsa2048", "p256"] as const)
  describe(`Bouncy Castle with a ${key} delegate`, otherwise, () => {
    let pki: DemoPki;
    before(async () => {
      pki = await startDemoPki(key);
    });
    after(() => pki.stop());

    test("reads and verifies answers by GET and POST, without nonce and with, and the CRL (B3, B8, B10, D1, G2)", () => {
      const command = ["java", "-cp", classPath as string, judge("BouncyCastleVerdicts.java")];
      const [ocsp, ...others] = verdicts(pki, command, ["get", "get-nonce", "post", "post-nonce", "crl"]);
      assert.deepEqual(ocsp?.map(withoutTime), STATUSES);
      const crl = others.pop();
      for (const said of others) assert.deepEqual(said, ocsp);
      assert.deepEqual(crl, [...ocsp.slice(0, 3), "good"]);
    });

    test("its PKIX checker believes our answers and our CRL; a request with empty extensions is refused (P12)", () => {
      const command = [
        ...[
          "java",
          "-Docsp.enable=true",
          "-Dorg.bouncycastle.x509.enableCRLDP=true",
          "-cp",
          classPath as string,
        ],
        ...[judge("PkixVerdicts.java"), "org.bouncycastle.jce.provider.BouncyCastleProvider"],
      ];
      // It keeps what it was answered: the mode that is refused comes first.
      const [plain, nonce, crl] = verdicts(pki, command, ["ocsp", "ocsp-nonce", "crl"]);
      const [good, revoked, hold, unknown] = nonce ?? [];
      assert.equal(good, "good");
      assert.match(
        revoked ?? "",
        /^refused: certificate revoked, reason=\(CRLReason: keyCompromise\), date=/,
      );
      assert.match(hold ?? "", /^refused: certificate revoked, reason=\(CRLReason: certificateHold\), date=/);
      assert.match(unknown ?? "", /^refused: certificate revoked, details unknown$/);
      assert.match(crl?.[0] ?? "", /^good$/);
      assert.match(crl?.[1] ?? "", /^refused: .*reason: keyCompromise$/);
      assert.match(crl?.[2] ?? "", /^refused: .*reason: certificateHold$/);
      assert.equal(crl?.[3], "good");
      // Up to version 1.72 and beyond it writes [2] { SEQUENCE {} } when it has no extension, which SIZE (1..MAX) forbids.
      for (const said of plain ?? []) assert.equal(said, "refused: OCSP responder failed: 1");
    });
  });
