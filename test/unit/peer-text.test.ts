import assert from "node:assert/strict";
import { isIPv6, SocketAddress } from "node:net";
import { test } from "node:test";
import { peerOfSocket, peerText } from "../../src/http/peer-text.js";

const CASES: readonly (readonly [hex: string, text: string])[] = [
  ["7f000001", "127.0.0.1"],
  ["00000000000000000000ffff01020304", "1.2.3.4"],
  ["00000000000000000000000000000001", "::1"],
  ["00000000000000000000000000000000", "::"],
  ["20010db8000000000001000000000001", "2001:db8::1:0:0:1"],
  ["20010db8000100020003000400050006", "2001:db8:1:2:3:4:5:6"],
  ["20010db8000000010001000100010001", "2001:db8:0:1:1:1:1:1"],
  ["fe800000000000000000000000000000", "fe80::"],
  ["", ""],
  ["7f0000", ""],
];

for (const [octets, text] of CASES)
  test(`octets ${octets} are "${text}"`, () => {
    assert.equal(peerText(Buffer.from(octets, "hex")), text);
    if (isIPv6(text)) assert.equal(new SocketAddress({ address: text, family: "ipv6" }).address, text);
  });

test("an IPv4 address over IPv6 is the IPv4 address", () => {
  assert.equal(peerOfSocket("::ffff:1.2.3.4"), "1.2.3.4");
  assert.equal(peerOfSocket("::ffff:1"), "::ffff:1");
  assert.equal(peerOfSocket(undefined), "");
});
