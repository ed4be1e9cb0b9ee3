// The lazy deadline against a plain one, on a hand clock.

import { describe, expect, test } from "bun:test";
import { CancelSource } from "./cancel.ts";
import { fault } from "./fault.ts";
import type { Clock } from "./runtime.ts";
import { LazyDeadline, sleep } from "./timing.ts";

function handClock() {
  let nowMs = 0;
  const timers = new Set<{ dueMs: number; fire: () => void }>();
  const clock: Clock = {
    now: () => nowMs,
    after(delayMs, fire) {
      const timer = { dueMs: nowMs + delayMs, fire };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const advance = (ms: number): void => {
    const untilMs = nowMs + ms;
    for (;;) {
      const next = [...timers].filter((timer) => timer.dueMs <= untilMs).sort((x, y) => x.dueMs - y.dueMs)[0];
      if (next === undefined) break;
      nowMs = next.dueMs;
      timers.delete(next);
      next.fire();
    }
    nowMs = untilMs;
  };
  return { clock, advance, pending: () => timers.size };
}

describe("LazyDeadline", () => {
  test("fires once, when due", () => {
    const { clock, advance, pending } = handClock();
    let fired = 0;
    const deadline = new LazyDeadline(clock, () => fired++);
    deadline.move(100);
    advance(99);
    expect(fired).toBe(0);
    advance(1);
    expect(fired).toBe(1);
    advance(1_000);
    expect(fired).toBe(1);
    expect(pending()).toBe(0);
  });

  test("what its owner notes puts it off, never brings it nearer, and wakes no paused one", () => {
    const { clock, advance, pending } = handClock();
    const owner = {
      atMs: 0,
      firedAtMs: 0,
      putOffToMs: () => owner.atMs,
      late: () => {
        owner.firedAtMs = clock.now();
      },
    };
    const deadline = new LazyDeadline(clock, owner);
    deadline.move(100);
    advance(50);
    owner.atMs = 250;
    advance(150);
    expect(owner.firedAtMs).toBe(0);
    owner.atMs = 10;
    advance(50);
    expect([owner.firedAtMs, pending()]).toEqual([250, 0]);
    deadline.move(100);
    deadline.pause();
    owner.atMs = 1_000;
    advance(2_000);
    expect([owner.firedAtMs, pending()]).toEqual([250, 0]);
  });

  test("moving later costs no timer; moving earlier does", () => {
    const { clock, advance } = handClock();
    let firedAtMs = 0;
    const deadline = new LazyDeadline(clock, () => {
      firedAtMs = clock.now();
    });
    deadline.move(100);
    advance(50);
    deadline.move(100);
    advance(60);
    expect(firedAtMs).toBe(0);
    advance(40);
    expect(firedAtMs).toBe(150);
    deadline.move(100);
    deadline.move(10);
    advance(10);
    expect(firedAtMs).toBe(160);
  });

  test("paused it never fires, stopped it leaves no timer", () => {
    const { clock, advance, pending } = handClock();
    let fired = 0;
    const deadline = new LazyDeadline(clock, () => fired++);
    deadline.move(100);
    deadline.pause();
    advance(500);
    expect(fired).toBe(0);
    deadline.move(100);
    deadline.stop();
    expect(pending()).toBe(0);
  });

  test("after a pause it can be set anew, sooner than the old timer", () => {
    const { clock, advance } = handClock();
    let fired = 0;
    const deadline = new LazyDeadline(clock, () => fired++);
    deadline.move(1_000);
    deadline.pause();
    deadline.move(100);
    advance(100);
    expect(fired).toBe(1);
  });
});

describe("sleep", () => {
  test("ends by the clock or by the cancellation, and leaves nothing armed", async () => {
    const { clock, advance, pending } = handClock();
    const source = new CancelSource();
    const slept = sleep(clock, 100, source);
    advance(100);
    await slept;
    const cut = sleep(clock, 100, source);
    source.cancel(fault("cancelled", ""));
    await cut;
    expect(pending()).toBe(0);
    await sleep(clock, 100, source);
    expect(pending()).toBe(0);
  });
});
