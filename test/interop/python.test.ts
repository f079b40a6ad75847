import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type DemoPki, startDemoPki } from "../support/demo-pki.js";
import { python } from "../support/programs.js";
import { judge, STATUSES, verdicts, withoutTime } from "../support/verdicts.js";

/** python3-cryptography asks, parses and verifies by itself (A3, A5, B3 to B10, B17, C1 to C4, D1, F1, G1 to G8). */

const { path, ...otherwise } = python();

for (const key of ["rsa2048", "p256"] as const)
  describe(`python3-cryptography with a ${key} delegate`, otherwise, () => {
    let pki: DemoPki;
    before(async () => {
      pki = await startDemoPki(key);
    });
    after(() => pki.stop());

    test("good, revoked, on hold, unknown by GET and POST, CertIDs by SHA-1 and SHA-256, nonce; the CRL says the same", () => {
      const asked = ["get", "post"].flatMap((method) =>
        ["sha1", "sha256"].flatMap((hash) => [`${method}-${hash}`, `${method}-${hash}-nonce`]),
      );
      const command = [path as string, "-W", "ignore", judge("verdicts.py")];
      const [ocsp, ...others] = verdicts(pki, command, [...asked, "crl"]);
      assert.deepEqual(ocsp?.map(withoutTime), STATUSES);
      const crl = others.pop();
      for (const said of others) assert.deepEqual(said, ocsp);
      assert.deepEqual(crl, [...ocsp.slice(0, 3), "good"]);
    });
  });
