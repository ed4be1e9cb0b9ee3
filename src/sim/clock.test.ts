import { expect, test } from "bun:test";
import fc from "fast-check";
import { VirtualClock } from "./clock.ts";

test("timers fire in order of time, then of setting, and time stands at each", () => {
  const clock = new VirtualClock();
  const fired: string[] = [];
  const set = (name: string, delayMs: number) => clock.after(delayMs, () => fired.push(`${name}@${clock.now()}`));
  set("late", 20);
  set("first", 10);
  set("second", 10);
  set("past", -5);
  const cancel = set("never", 15);
  cancel();
  cancel();
  expect(clock.timers).toBe(4);
  while (clock.fireNext());
  expect(fired).toEqual(["past@0", "first@10", "second@10", "late@20"]);
  expect(clock.timers).toBe(0);
  expect(clock.nextDueMs).toBe(Number.POSITIVE_INFINITY);
});

test("time moves on by itself only up to the next timer", () => {
  const clock = new VirtualClock();
  const cancel = clock.after(10, () => {});
  clock.advanceTo(50);
  expect(clock.now()).toBe(10);
  cancel();
  clock.advanceTo(50);
  clock.advanceTo(20);
  expect(clock.now()).toBe(50);
});

test("any mix of setting and cancelling fires what is left, sorted", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.boolean()), { maxLength: 200 }), (timers) => {
      const clock = new VirtualClock();
      const fired: number[] = [];
      const cancels = timers.map(([delayMs], index) => clock.after(delayMs, () => fired.push(index)));
      for (const [index, [, keep]] of timers.entries()) if (!keep) cancels[index]?.();
      const left = timers.flatMap(([delayMs, keep], index) => (keep ? [{ delayMs, index }] : []));
      while (clock.fireNext());
      expect(fired).toEqual(left.sort((a, b) => a.delayMs - b.delayMs || a.index - b.index).map(({ index }) => index));
    }),
  );
});
