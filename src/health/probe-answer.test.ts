import { describe, expect, test } from "bun:test";
import type { ProbeHabitCell } from "../core/cell.ts";
import type { ProbeVerdict } from "../core/evidence.ts";
import { answerIn, judgeAnswer, noteAnswer, type ProbeAnswer } from "./probe-answer.ts";

test.each([
  ["7", "right"],
  [" 7", "right"],
  ["\n**7", "right"],
  ['"7".', "right"],
  ["7 ", "right"],
  ["8", "other"],
  ["71", "other"],
  ["17", "other"],
  ["The", "other"],
  ["Seven", "other"],
  ["", "other"],
  ["-7", "other"],
] as const)("%j as the answer to 3 + 4 is %s", (text, answer) => {
  expect(answerIn(text, 7)).toBe(answer);
});

function habit(): ProbeHabitCell {
  return { seen: 0, right: 0 };
}

/** Of each answer in turn; `used` are those before. */
function verdicts(used: readonly ProbeAnswer[], answers: readonly ProbeAnswer[]): ProbeVerdict[] {
  const cell = habit();
  for (const answer of used) noteAnswer(cell, answer);
  return answers.map((answer) => judgeAnswer(cell, answer));
}

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

describe("what an answer shows", () => {
  test.each<[string, readonly ProbeAnswer[], ProbeAnswer, ProbeVerdict]>([
    ["a right one, whatever came before", times(50, "nothing"), "right", "well"],
    ["words of a target that was never asked", [], "other", "unproven"],
    ["nothing of a target that was never asked", [], "nothing", "sick"],
    ["words where sums were answered", times(3, "right"), "other", "sick"],
    ["words where one sum was answered", ["right"], "other", "unproven"],
    ["words where a sum is answered now and then", ["right", "other", "other"], "other", "unproven"],
    ["nothing where sums were answered", times(3, "right"), "nothing", "sick"],
    ["nothing where that is the habit", times(30, "nothing"), "nothing", "unproven"],
    ["nothing where words are the habit", times(30, "other"), "nothing", "unproven"],
  ])("%s", (_, used, answer, verdict) => {
    expect(verdicts(used, [answer])).toEqual([verdict]);
  });
});

/** Probes until three good ones are together, as belief counts them: 1, a half, and two off for one that failed. */
function probesUntilBack(cell: ProbeHabitCell, answerAt: (index: number) => ProbeAnswer): number {
  let score = 0;
  for (let index = 1; index <= 1_000; index++) {
    const verdict = judgeAnswer(cell, answerAt(index));
    score = verdict === "sick" ? Math.max(0, score - 2) : score + (verdict === "well" ? 1 : 0.5);
    if (score >= 3) return index;
  }
  return Number.POSITIVE_INFINITY;
}

describe("nobody is locked out", () => {
  test.each<[ProbeAnswer, number, number]>([
    ["other", 0, 6],
    ["nothing", 0, 16],
    ["other", 1_000, 23],
    ["nothing", 1_000, 32],
  ])("only %s, after %d right answers: back after at most %d probes", (answer, right, probes) => {
    const cell = habit();
    for (let index = 0; index < right; index++) noteAnswer(cell, "right");
    expect(probesUntilBack(cell, () => answer)).toBeLessThanOrEqual(probes);
  });

  test.each([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])(
    "right answers in %d of its probes, however they fall: back within two minutes in the mean",
    (share) => {
      let state = 12_345;
      const random = () => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return state / 0x1_0000_0000;
      };
      let all = 0;
      for (let run = 0; run < 400; run++) {
        const cell = habit();
        for (let index = 0; index < 30; index++) noteAnswer(cell, random() < share ? "right" : "other");
        all += probesUntilBack(cell, () => (random() < share ? "right" : "other"));
      }
      expect(all / 400).toBeLessThanOrEqual(24);
    },
  );
});
