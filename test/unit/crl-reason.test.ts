import assert from "node:assert/strict";
import { it } from "node:test";
import { isSekishoError } from "../../src/core/errors.js";
import { parseRevokeReason, REVOKE_REASONS, reasonName } from "../../src/crl/reason.js";

it("reasons an operator may give for a final revocation (G11)", () => {
  const numbers = REVOKE_REASONS.map(parseRevokeReason);
  assert.deepEqual(numbers, [0, 1, 2, 3, 4, 5, 9, 10]);
  assert.deepEqual(numbers.map(reasonName), REVOKE_REASONS);
});

it("hold, removeFromCRL, 7, other spellings and property names are REASON_INVALID", () => {
  for (const text of ["certificateHold", "removeFromCRL", "7", "1", "KeyCompromise", "", "toString"])
    assert.throws(
      () => parseRevokeReason(text),
      (error) => isSekishoError(error, "REASON_INVALID"),
    );
});

it("numbers without a name are shown as such", () => {
  assert.deepEqual([6, 7, 8, 11].map(reasonName), [
    "certificateHold",
    "unassigned(7)",
    "removeFromCRL",
    "unassigned(11)",
  ]);
});
