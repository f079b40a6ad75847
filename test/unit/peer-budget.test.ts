import assert from "node:assert/strict";
import { test } from "node:test";
import { PeerBudget } from "../../src/http/peer-budget.js";
import { peerOf } from "../../src/http/peer-text.js";

const PEERS: readonly (readonly [string, string])[] = [
  ["192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8::1", "2001:db8:0:0"],
  ["2001:db8:0:1::", "2001:db8:0:1"],
  ["::1", "0:0:0:0"],
  ["::", "0:0:0:0"],
  ["1::2:3:4:5:6:7", "1:0:2:3"],
];

for (const [address, peer] of PEERS)
  test(`${address} belongs to ${peer}`, () => {
    assert.equal(peerOf(address), peer);
  });

test("a peer gets back what it took, and no more", () => {
  const budget = new PeerBudget(2);
  assert.deepEqual(
    [budget.take("a"), budget.take("a"), budget.take("a"), budget.take("b")],
    [true, true, false, true],
  );
  budget.giveBack("a");
  assert.deepEqual([budget.take("a"), budget.take("a")], [true, false]);
});
