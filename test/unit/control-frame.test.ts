import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeFrame, FrameDecoder } from "../../src/control/frame.js";
import { isSekishoError } from "../../src/core/errors.js";

const isProtocolError = (error: unknown): boolean => isSekishoError(error, "CONTROL_PROTOCOL");

test("frames come out as they went in, whatever the pieces", () => {
  const payload = fc.uint8Array({ minLength: 1, maxLength: 300 });
  const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(payload, { maxLength: 8 }), cuts, (payloads, sizes) => {
      const stream = Buffer.concat(payloads.map((one) => encodeFrame(one)));
      const decoder = new FrameDecoder();
      const out: Buffer[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const size = sizes[turn % sizes.length] as number;
        out.push(...decoder.push(stream.subarray(at, at + size)));
        at += size;
      }
      assert.deepEqual(
        out.map((one) => [...one]),
        payloads.map((one) => [...one]),
      );
      assert.equal(decoder.partial, false);
    }),
  );
});

test("a frame that has begun is partial until its last octet", () => {
  const decoder = new FrameDecoder();
  const frame = encodeFrame(Buffer.from("abc"));
  for (const octet of frame.subarray(0, -1)) {
    assert.deepEqual([...decoder.push(Buffer.of(octet))], []);
    assert.equal(decoder.partial, true);
  }
  assert.deepEqual([...decoder.push(frame.subarray(-1))], [Buffer.from("abc")]);
  assert.equal(decoder.partial, false);
});

test("a length out of bounds is refused at its last octet, before anything is allocated", () => {
  assert.throws(() => [...new FrameDecoder(10).push(Buffer.of(0, 0, 0, 11))], isProtocolError);
  assert.throws(() => [...new FrameDecoder().push(Buffer.of(0xff, 0xff, 0xff, 0xff))], isProtocolError);
  assert.throws(() => [...new FrameDecoder().push(Buffer.of(0, 0, 0, 0))], isProtocolError);
  assert.deepEqual([...new FrameDecoder(10).push(Buffer.of(0, 0, 0, 10))], []);
});

test("the encoder keeps the same bounds", () => {
  assert.throws(() => encodeFrame(Buffer.alloc(11), 10), isProtocolError);
  assert.throws(() => encodeFrame(Buffer.alloc(0)), isProtocolError);
  assert.equal(encodeFrame(Buffer.alloc(10), 10).length, 14);
});
