// Deadlines that share timers against what each was told: random moves and stops on a hand clock.

import { expect, test } from "bun:test";
import { DeadlineSlots } from "./deadline-slots.ts";
import type { Clock } from "./runtime.ts";
import { LazyDeadline } from "./timing.ts";

const GRAIN_MS = 16;

function handClock() {
  let nowMs = 0;
  const timers = new Map<() => void, number>();
  const after: Clock["after"] = (delayMs, fire) => {
    const own = () => fire();
    timers.set(own, nowMs + delayMs);
    return () => timers.delete(own);
  };
  const clock: Clock = { now: () => nowMs, after, slots: new DeadlineSlots(after, GRAIN_MS) };
  const advance = (ms: number): void => {
    const untilMs = nowMs + ms;
    for (;;) {
      const [next] = [...timers].filter(([, dueMs]) => dueMs <= untilMs).sort(([, a], [, b]) => a - b);
      if (next === undefined) break;
      nowMs = next[1];
      timers.delete(next[0]);
      next[0]();
    }
    nowMs = untilMs;
  };
  return { clock, advance, pending: () => timers.size };
}

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test.each(Array.from({ length: 40 }, (_, seed) => seed + 1))("each is kept, and never early: seed %i", (seed) => {
  const random = randomOf(seed);
  const { clock, advance, pending } = handClock();
  const dueMs = new Map<number, number>();
  const late: number[] = [];
  const deadlines = Array.from({ length: 12 }, (_, index) => {
    return new LazyDeadline(clock, () => {
      const due = dueMs.get(index);
      late.push(due === undefined ? -1 : clock.now() - due);
      dueMs.delete(index);
    });
  });
  for (let step = 0; step < 300; step++) {
    const index = Math.floor(random() * deadlines.length);
    const what = random();
    if (what < 0.6) {
      const delayMs = random() < 0.3 ? random() * 900 : 1_000 + random() * 200;
      deadlines[index]?.move(delayMs);
      dueMs.set(index, clock.now() + delayMs);
    } else if (what < 0.75) {
      deadlines[index]?.stop();
      dueMs.delete(index);
    } else if (what < 0.85) {
      deadlines[index]?.pause();
      dueMs.delete(index);
    } else advance(random() * 400);
    for (const due of dueMs.values()) expect(due).toBeGreaterThanOrEqual(clock.now() - GRAIN_MS);
  }
  advance(3_000);
  expect(dueMs.size).toBe(0);
  expect(late.every((ms) => ms >= 0 && ms <= GRAIN_MS)).toBe(true);
  expect(late.length).toBeGreaterThan(10);
  for (const deadline of deadlines) deadline.stop();
  expect(pending()).toBe(0);
});

test("one that throws keeps nobody behind it from being woken", () => {
  const { clock, advance, pending } = handClock();
  const woken: string[] = [];
  const thrown: unknown[] = [];
  const heard = (error: unknown): void => void thrown.push(error);
  const own = globalThis.queueMicrotask;
  globalThis.queueMicrotask = (job) => {
    try {
      job();
    } catch (error) {
      heard(error);
    }
  };
  try {
    const first = new LazyDeadline(clock, () => {
      throw new Error("first");
    });
    const second = new LazyDeadline(clock, () => woken.push("second"));
    first.move(2_000);
    second.move(2_000);
    advance(2_100);
  } finally {
    globalThis.queueMicrotask = own;
  }
  expect(woken).toEqual(["second"]);
  expect(thrown.map(String)).toEqual(["Error: first"]);
  expect(pending()).toBe(0);
});
