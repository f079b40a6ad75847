import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type CachedAnswer, ResponseCache } from "../../src/responder/response-cache.js";

const answer = (freshUntil: number, ...rows: string[]): CachedAnswer => ({
  body: Buffer.from(rows.join()),
  fields: [],
  etag: '""',
  lastModified: 0,
  freshUntil,
  validUntil: freshUntil,
  rows,
  hash: undefined,
  used: false,
});

describe("ResponseCache", () => {
  test("gives an answer until freshUntil, not at it", () => {
    const cache = new ResponseCache(10);
    const kept = answer(100, "row");
    cache.set("request", kept);
    assert.equal(cache.get("request", 99), kept);
    assert.equal(cache.get("request", 100), undefined);
    assert.equal(cache.get("other", 0), undefined);
  });

  test("a row evicts every answer that speaks about it, and no other", () => {
    const cache = new ResponseCache(10);
    cache.set("a", answer(100, "1", "2"));
    cache.set("b", answer(100, "2"));
    cache.set("c", answer(100, "3"));
    cache.evict("2");
    assert.deepEqual([cache.get("a", 0), cache.get("b", 0)], [undefined, undefined]);
    assert.ok(cache.get("c", 0));
    cache.evict("nothing");
    assert.equal(cache.size, 1);
  });

  test("an answer that is replaced is found by its new rows only", () => {
    const cache = new ResponseCache(10);
    cache.set("a", answer(100, "1"));
    cache.set("a", answer(100, "2"));
    cache.evict("1");
    assert.equal(cache.size, 1);
    cache.evict("2");
    assert.equal(cache.size, 0);
  });

  test("full: the answer set longest ago goes", () => {
    const cache = new ResponseCache(2);
    for (const request of ["a", "b", "a", "c"]) cache.set(request, answer(100, request));
    assert.equal(cache.get("b", 0), undefined);
    assert.ok(cache.get("a", 0) && cache.get("c", 0));
  });

  test("whatever is done: bounded, and after an eviction nothing speaks of that row", () => {
    const row = fc.constantFrom("1", "2", "3");
    const step = fc.oneof(
      fc.record({ set: fc.constantFrom("a", "b", "c", "d", "e"), rows: fc.uniqueArray(row) }),
      fc.record({ evict: row }),
      fc.record({ clear: fc.constant(true) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const cache = new ResponseCache(3);
        for (const each of steps) {
          if ("set" in each) cache.set(each.set, answer(100, ...each.rows));
          else if ("evict" in each) cache.evict(each.evict);
          else cache.clear();
          assert.ok(cache.size <= 3);
          if (!("evict" in each)) continue;
          for (const request of ["a", "b", "c", "d", "e"])
            assert.ok(!cache.get(request, 0)?.rows.includes(each.evict));
        }
        for (const each of ["1", "2", "3"]) cache.evict(each);
        for (const request of ["a", "b", "c", "d", "e"])
          assert.deepEqual(cache.get(request, 0)?.rows ?? [], [], "the index finds every answer");
      }),
    );
  });
});
