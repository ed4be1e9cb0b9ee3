import { expect, test } from "bun:test";
import type { CanaryCell } from "../core/cell.ts";
import { type CanaryCandidate, canariesDue, canaryUsd } from "./canary.ts";

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const cellAt = (dayStartMs = 0): CanaryCell => ({ dayStartMs, spentUsd: 0, idleUsd: 0 });
const idle: CanaryCandidate = { usd: 0.0005, left: false, askedMs: Number.NEGATIVE_INFINITY };

/** How often each is asked within a day, minute by minute; whoever is asked was asked. */
function day(candidates: readonly CanaryCandidate[], usdPerDay: number, cell = cellAt()): number[] {
  const found = candidates.map((one) => ({ ...one, asked: 0 }));
  for (let nowMs = MINUTE / 2; nowMs < DAY; nowMs += MINUTE) {
    for (const due of canariesDue(cell, found, { usdPerDay, nowMs, minuteMs: nowMs - MINUTE / 2 })) {
      due.asked++;
      due.askedMs = nowMs;
    }
  }
  return found.map(({ asked }) => asked);
}

test("a target that was left is asked every minute while the money lasts", () => {
  expect(day([{ ...idle, left: true }], 0.1)).toEqual([200]);
  expect(day([{ ...idle, left: true }], 1)).toEqual([1_440]);
});

test("idle ones share half of the budget over the whole day; the rest waits for an outage", () => {
  const [one = 0, other = 0] = day([idle, idle], 0.1);
  expect(one + other).toBeGreaterThan(97);
  expect(one + other).toBeLessThanOrEqual(100);
  expect(Math.abs(one - other)).toBeLessThanOrEqual(1);
  const cell = cellAt();
  day([idle], 0.1, cell);
  expect(cell.spentUsd).toBeLessThanOrEqual(0.05 + 1e-9);
});

test("no day costs more than the budget, whoever is asked and whatever it costs", () => {
  for (const usd of [0.0005, 0.003, 0.11]) {
    const cell = cellAt();
    day(
      [
        { ...idle, usd, left: true },
        { ...idle, usd },
        { ...idle, left: true },
      ],
      0.1,
      cell,
    );
    expect(cell.spentUsd).toBeLessThanOrEqual(0.1 + 1e-6);
  }
});

test("whoever was asked within the minute is not asked again, and a clock that went back begins a new day", () => {
  const cell = cellAt();
  const moment = { usdPerDay: 0.1, nowMs: 90_000, minuteMs: MINUTE };
  expect(canariesDue(cell, [{ ...idle, left: true, askedMs: MINUTE }], moment)).toEqual([]);
  cell.spentUsd = 0.1;
  expect(canariesDue(cell, [{ ...idle, left: true }], moment)).toEqual([]);
  expect(canariesDue(cell, [{ ...idle, left: true }], { ...moment, nowMs: -DAY, minuteMs: -DAY })).toHaveLength(1);
});

test("a question is reckoned at its price where that is more than usual", () => {
  expect(canaryUsd(undefined)).toBe(0.0005);
  expect(canaryUsd({ inputPerMillionUsd: 3, outputPerMillionUsd: 15 })).toBe(0.0005);
  expect(canaryUsd({ inputPerMillionUsd: 150, outputPerMillionUsd: 600 })).toBeCloseTo(0.0072, 9);
});
