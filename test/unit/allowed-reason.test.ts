import assert from "node:assert/strict";
import { test } from "node:test";
import type { IssuerConfig } from "../../src/core/config.js";
import { assertAllowed } from "../../src/issuer/allowed-reason.js";

const allowed = (
  ruleProfile: "pkix" | "cabf-br",
  act: "revoke" | "hold" | "release",
  reason = 0,
): boolean => {
  const serial = Buffer.of(1);
  const change = act === "revoke" ? { act, serial, reason, invalidityDate: 0 } : { act, serial };
  try {
    assertAllowed({ ruleProfile } as IssuerConfig, change);
    return true;
  } catch (error) {
    assert.equal((error as { code: string }).code, "REASON_INVALID");
    return false;
  }
};

test("cabf-br allows the reasons of its table, no hold; pkix allows all (J9, J11, R5)", () => {
  const reasons = [0, 1, 2, 3, 4, 5, 8, 9, 10];
  assert.deepEqual(
    reasons.filter((reason) => allowed("cabf-br", "revoke", reason)),
    [0, 1, 3, 4, 5, 9],
  );
  assert.deepEqual(
    reasons.filter((reason) => allowed("pkix", "revoke", reason)),
    reasons,
  );
  assert.deepEqual(
    [allowed("cabf-br", "hold"), allowed("pkix", "hold"), allowed("cabf-br", "release")],
    [false, true, true],
  );
});
