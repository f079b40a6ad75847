import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DueHeap } from "../../src/responder/due-heap.js";

test("a DueHeap gives what a sorted list gives", () => {
  const step = fc.oneof(fc.nat(50), fc.constant("take" as const), fc.constant("retain" as const));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new DueHeap<number>();
      let naive: number[] = [];
      for (const each of steps) {
        if (each === "take") {
          assert.equal(heap.peek()?.due, naive[0]);
          assert.equal(heap.take(), naive.shift());
        } else if (each === "retain") {
          heap.retain((value) => value % 3 > 0);
          naive = naive.filter((value) => value % 3 > 0);
        } else {
          heap.add(each, each);
          naive = [...naive, each].sort((a, b) => a - b);
        }
        assert.equal(heap.size, naive.length);
      }
    }),
  );
});
