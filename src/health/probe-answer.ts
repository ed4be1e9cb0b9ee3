// What the answer to a probe is worth. It is asked a small sum, since status 200 alone is no recovery: a provider can answer
// everything with nothing, or with nonsense. But some models never begin with a digit (they think first, or make a
// preamble), and must come back all the same: a wrong answer is held against a target only as far as it used to answer
// rightly, and what it used to do is forgotten. Pure rules over a cell; the odds are in docs/adr/0033-probe-answers.md.

import type { ProbeHabitCell } from "../core/cell.ts";
import type { ProbeVerdict } from "../core/evidence.ts";

/** `right`: the sum; `other`: something else, or all it might say went into thinking; `nothing`: it ended by itself and was empty. */
export type ProbeAnswer = "right" | "other" | "nothing";

/** Older answers fade: the last two dozen count. */
const MEMORY = 24;
/** An empty success is a fault in itself: it takes so many right answers less to hold it against a target. */
const NOTHING_DOUBTED = 4;

/** The first character that says something: one token may bring a blank, a quote or a star along. */
const OPENING = /^[\s"'`*_([]*(\d)(?!\d)/;

/** What `text` is as the answer to a sum of one digit. */
export function answerIn(text: string, digit: number): ProbeAnswer {
  return OPENING.exec(text)?.[1] === String(digit) ? "right" : "other";
}

/** Counts one answer among those by which the next are judged. */
export function noteAnswer(habit: ProbeHabitCell, answer: ProbeAnswer): void {
  const fade = 1 - 1 / MEMORY;
  habit.seen = habit.seen * fade + 1;
  habit.right = habit.right * fade + (answer === "right" ? 1 : 0);
}

/** Counts it, and says how far it shows that the target is well. */
export function judgeAnswer(habit: ProbeHabitCell, answer: ProbeAnswer): ProbeVerdict {
  noteAnswer(habit, answer);
  if (answer === "right") return "well";
  const expected = habit.right + (answer === "nothing" ? NOTHING_DOUBTED : 0);
  return expected > habit.seen / 2 ? "sick" : "unproven";
}
