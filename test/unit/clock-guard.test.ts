import assert from "node:assert/strict";
import { test } from "node:test";
import { ClockGuard } from "../../src/core/clock-guard.js";

/** Invariant 11: nothing is signed by a clock that jumped, or that stands before what was signed already. */

function makeClocks(latestSigned = 0) {
  const time = { wall: 1_000_000_000, boot: 5_000 };
  const guard = new ClockGuard({ nowMs: () => time.wall }, { nowMs: () => time.boot }, latestSigned);
  /** Seconds pass on both clocks, observed once a second. */
  const pass = (seconds: number, wallFactor = 1): void => {
    for (let i = 0; i < seconds; i++) {
      time.boot += 1_000;
      time.wall += 1_000 * wallFactor;
      guard.observe();
    }
  };
  return { time, guard, pass };
}

test("a steady clock is trusted, also when it is slewed", () => {
  const { guard, pass } = makeClocks();
  pass(600, 1.0005);
  assert.equal(guard.fault, undefined);
});

for (const jump of [-3_600_000, -3_000, 3_000, 86_400_000])
  test(`a jump of ${jump / 1000} s stops signing until 60 s of agreement`, () => {
    const { time, guard, pass } = makeClocks();
    pass(10);
    time.wall += jump;
    assert.match(guard.fault ?? "", /the clock jumped by -?\d+\.\d s/);
    pass(59);
    assert.notEqual(guard.fault, undefined);
    pass(1);
    assert.equal(guard.fault, undefined);
  });

test("every further jump starts the 60 s again", () => {
  const { time, guard, pass } = makeClocks();
  time.wall += 10_000;
  pass(50);
  time.wall -= 10_000;
  pass(59);
  assert.notEqual(guard.fault, undefined);
  pass(2);
  assert.equal(guard.fault, undefined);
});

test("a clock before the latest signed time stops signing until it has passed it, and then 60 s", () => {
  const { guard, pass } = makeClocks(1_000_000_000 + 30_000);
  assert.match(guard.fault ?? "", /the clock is before .*, a time signed already/);
  assert.equal(guard.nowMs(), 1_000_030_000);
  pass(80);
  assert.notEqual(guard.fault, undefined);
  pass(20);
  assert.equal(guard.fault, undefined);
});

test("as a clock it never runs behind what it signed", () => {
  const { time, guard } = makeClocks();
  guard.signed(time.wall);
  const before = guard.nowMs();
  time.wall -= 1_000;
  assert.equal(guard.nowMs(), before);
  assert.equal(guard.fault, undefined, "a second back is within tolerance");
});
