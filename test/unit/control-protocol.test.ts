import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { requestSchema, resultSchemas } from "../../src/control/messages.js";
import {
  decodeHello,
  decodeReply,
  decodeRequest,
  encodeHello,
  encodeReply,
  encodeRequest,
  type Hello,
  operatorPublicKey,
  type SignedRequest,
  signedBytes,
  signRequest,
  verifyRequest,
} from "../../src/control/protocol.js";
import { isSekishoError } from "../../src/core/errors.js";
import { INSTALLATION, STATUS, statusRequest, testOperator } from "../support/control.js";

const hello: Hello = { installation: Buffer.from(INSTALLATION, "hex"), challenge: Buffer.alloc(32, 5) };
const operator = testOperator();
const publicKey = operatorPublicKey(operator.publicKey);
const signed = signRequest(hello, "alice", 1n, statusRequest(), operator.privateKey);

const isProtocolError = (error: unknown): boolean => isSekishoError(error, "CONTROL_PROTOCOL");

test("hello, request and reply read back as written", () => {
  assert.deepEqual(decodeHello(encodeHello(hello)), hello);
  assert.deepEqual(decodeRequest(encodeRequest(signed)), { ...signed });
  for (const status of ["result", "filed", "error"] as const) {
    const reply = { counter: 2n ** 63n, status, body: Buffer.from("{}") };
    assert.deepEqual(decodeReply(encodeReply(reply)), reply);
  }
});

test("the signed bytes are the documented ones", () => {
  const expected = Buffer.concat([
    Buffer.from("sekisho control v1\0"),
    Buffer.from(INSTALLATION, "hex"),
    Buffer.alloc(32, 5),
    Buffer.from("\x05alice"),
    Buffer.from("0000000000000003", "hex"),
    Buffer.from("{}"),
  ]);
  assert.deepEqual(signedBytes(hello, "alice", 3n, Buffer.from("{}")), expected);
});

test("a signature holds for its own installation, challenge, operator, counter and bytes only", () => {
  assert.equal(verifyRequest(hello, signed, publicKey), true);
  const otherRequest = Buffer.from(statusRequest().toString().replace("status", "statuS"));
  const wrong: [Hello, SignedRequest][] = [
    [{ ...hello, installation: Buffer.alloc(16) }, signed],
    [{ ...hello, challenge: Buffer.alloc(32, 6) }, signed],
    [hello, { ...signed, operator: "alicf" }],
    [hello, { ...signed, counter: 2n }],
    [hello, { ...signed, request: otherRequest }],
    [hello, { ...signed, signature: Buffer.alloc(64) }],
  ];
  for (const [itsHello, its] of wrong) assert.equal(verifyRequest(itsHello, its, publicKey), false);
  assert.equal(verifyRequest(hello, signed, operatorPublicKey(testOperator().publicKey)), false);
});

test("bytes that are no message are CONTROL_PROTOCOL and nothing else", () => {
  for (const decode of [decodeHello, decodeRequest, decodeReply])
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decode(Buffer.from(bytes));
        } catch (error) {
          assert.ok(isProtocolError(error), String(error));
        }
      }),
    );
});

test("every message is refused in another version and when cut short", () => {
  const messages = [
    [decodeHello, encodeHello(hello)],
    [decodeRequest, encodeRequest({ ...signed, request: Buffer.of(1) })],
    [decodeReply, encodeReply({ counter: 1n, status: "result", body: Buffer.of(1) })],
  ] as const;
  for (const [decode, bytes] of messages) {
    assert.throws(() => decode(Buffer.concat([Buffer.of(2), bytes.subarray(1)])), isProtocolError);
    for (let length = 0; length < bytes.length; length++)
      assert.throws(() => decode(bytes.subarray(0, length)), isProtocolError);
  }
});

test("requests are parsed strictly", () => {
  const base = { op: "cert.show", issuer: "root", serial: "0a", role: "inspector", approvals: [] };
  assert.ok(requestSchema.safeParse(base).success);
  const wrong = [
    { ...base, extra: 1 },
    { ...base, op: "cert.forget" },
    { ...base, serial: "0A" },
    { ...base, serial: "00" },
    { ...base, serial: "1" },
    { ...base, serial: "11".repeat(21) },
    { ...base, issuer: "../root" },
    { ...base, role: "root" },
    { ...base, approvals: [{}] },
    { ...base, role: undefined },
  ];
  for (const one of wrong) assert.equal(requestSchema.safeParse(one).success, false, JSON.stringify(one));
});

test("one revocation request takes 1 to 4096 changes with final reasons only", () => {
  const accepts = (changes: unknown): boolean =>
    requestSchema.safeParse({
      op: "cert.revoke",
      issuer: "root",
      changes,
      role: "administrator",
      approvals: [],
    }).success;
  const change = { serial: "0a", reason: "keyCompromise" };
  assert.equal(accepts([]), false);
  assert.equal(accepts([change]), true);
  assert.equal(accepts(new Array(4096).fill(change)), true);
  assert.equal(accepts(new Array(4097).fill(change)), false);
  for (const reason of ["removeFromCRL", "certificateHold", "keycompromise"])
    assert.equal(accepts([{ ...change, reason }]), false);
});

test("the status result is what its schema says", () => {
  assert.ok(resultSchemas.status.safeParse(STATUS).success);
});
