import { expect, test } from "bun:test";
import { createBelief } from "../state/belief-cell.ts";
import { DETECTION, scored } from "./cusum.ts";
import { countJudged, isUseless, weightOfUseless } from "./useless.ts";

/** The highest score that answers bring; `isUselessAt` says which are useless. */
function peak(count: number, isUselessAt: (i: number) => boolean): number {
  const cell = createBelief();
  let score = 0;
  let most = 0;
  for (let i = 0; i < count; i++) {
    const useless = isUselessAt(i);
    countJudged(cell, useless);
    score = scored(score, DETECTION, useless, useless ? weightOfUseless(cell, 1.2) : 1);
    most = Math.max(most, score);
  }
  return most;
}

test.each([
  ["always", () => true],
  ["every second", (i: number) => i % 2 === 0],
  ["three of ten", (i: number) => i % 10 < 3],
  ["one of twenty", (i: number) => i % 20 === 0],
])("a model that is useless %s time from the beginning never comes under suspicion", (_, isUselessAt) => {
  expect(peak(5_000, isUselessAt)).toBeLessThan(4);
});

test("a model that was well and now is useless is ejected within a few answers", () => {
  expect(peak(500, () => false)).toBe(0);
  expect(peak(504, (i) => i >= 500)).toBeGreaterThan(8);
  expect(peak(27, (i) => i >= 20)).toBeGreaterThan(8);
});

test("under suspicion nothing is learnt", () => {
  const cell = { ...createBelief(), state: "suspect" as const };
  countJudged(cell, true);
  expect(cell.judged).toBe(0);
});

test("which faults are measured so", () => {
  expect(isUseless("empty-reply") && isUseless("useless-reply")).toBe(true);
  expect(isUseless("malformed-reply") || isUseless("server-error")).toBe(false);
});
