import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type DemoPki, startDemoPki } from "../support/demo-pki.js";
import { java } from "../support/programs.js";

/** Java's PKIXRevocationChecker, without falling back from OCSP to CRL or back (A3, B8, B10, C1, F1, F5, G1 to G7). */

const JUDGE = fileURLToPath(new URL("../../../test/interop/judges/Judge.java", import.meta.url));
const { path, ...otherwise } = java();

for (const key of ["rsa2048", "p256"] as const)
  describe(`Java's PKIX with a ${key} delegate`, otherwise, () => {
    let pki: DemoPki;
    before(async () => {
      pki = await startDemoPki(key);
    });
    after(() => pki.stop());

    const judge = (method: "get" | "post", how: "ocsp" | "crl"): string[] => {
      const names = how === "ocsp" ? ["good", "revoked", "hold", "unknown"] : ["good", "revoked", "hold"];
      const args = [JUDGE, pki.pem("issuer"), `${pki.base}/ocsp`, method, how, ...names.map(pki.pem)];
      const options = ["-Dcom.sun.security.enableCRLDP=true"];
      return execFileSync(path as string, [...options, ...args], { encoding: "utf8" })
        .trim()
        .split("\n");
    };

    for (const method of ["get", "post"] as const)
      test(`OCSP by ${method}: good, revoked, on hold, unknown`, async () => {
        const upper = method === "get" ? "GET" : "POST";
        const before = await pki.answered(upper);
        const [good, revoked, hold, unknown, ...rest] = judge(method, "ocsp");
        assert.deepEqual(
          [good, revoked, hold],
          ["good good", "revoked revoked KEY_COMPROMISE", "hold revoked CERTIFICATE_HOLD"],
        );
        assert.match(unknown as string, /^unknown failed .*UNKNOWN/i);
        assert.deepEqual(rest, []);
        assert.equal((await pki.answered(upper)) - before, 4);
      });

    test("the CRL that the certificates name", () => {
      assert.deepEqual(judge("get", "crl"), [
        "good good",
        "revoked revoked KEY_COMPROMISE",
        "hold revoked CERTIFICATE_HOLD",
      ]);
    });
  });
