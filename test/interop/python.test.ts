import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type DemoPki, startDemoPki } from "../support/demo-pki.js";
import { python } from "../support/programs.js";

/** python3-cryptography asks, parses and verifies by itself (A5, B3 to B10, B17, F1, F7, G1). */

const JUDGE = fileURLToPath(new URL("../../../test/interop/judges/judge.py", import.meta.url));
const { path, ...otherwise } = python();

for (const key of ["rsa2048", "p256"] as const)
  describe(`python3-cryptography with a ${key} delegate`, otherwise, () => {
    let pki: DemoPki;
    before(async () => {
      pki = await startDemoPki(key);
    });
    after(() => pki.stop());

    test("good, revoked, on hold, unknown by POST and GET, SHA-1 and SHA-256; the CRL says the same", () => {
      const names = ["good", "revoked", "hold", "unknown"];
      const said = execFileSync(
        path as string,
        ["-W", "ignore", JUDGE, pki.pem("issuer"), pki.base, ...names.map(pki.pem)],
        {
          encoding: "utf8",
        },
      );
      const wanted = {
        good: "good -",
        revoked: "revoked keyCompromise",
        hold: "revoked certificateHold",
        unknown: "unknown -",
      };
      const lines = Object.entries(wanted).flatMap(([name, status]) => [
        ...["sha1", "sha256"].flatMap((hash) =>
          ["POST", "GET"].map((method) => `${name} ${method} ${hash} ${status}`),
        ),
        `crl ${name} ${/^revoked/.test(status) ? "listed" : "absent"}`,
      ]);
      assert.deepEqual(said.trim().split("\n"), lines);
    });
  });
