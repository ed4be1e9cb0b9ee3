// What a useless answer says of a target that gives some of them even on its good days: what counts is how much more often
// it does so now. A model that always was like that says nothing new, and is never ejected for it.

import type { BeliefCell } from "../core/cell.ts";
import type { FaultKind } from "../core/fault.ts";
import { DETECTION } from "./cusum.ts";

/** Faults that are no outage as long as the model always had them. */
const USELESS: ReadonlySet<FaultKind> = new Set<FaultKind>(["empty-reply", "useless-reply"]);
/** Before anything was seen: the share of useless answers, and how many answers that guess is worth. */
const SHARE_GUESSED = 0.02;
const GUESS_WORTH = 5;
/** Answers beyond this are forgotten as new ones come. */
const MEMORY = 500;
/** The usual share of useless answers must by itself leave the score falling, by this margin. */
const MARGIN = 0.5;
/** From this share on a useless answer is what is usual. */
const SHARE_USUAL = 0.6;

export function isUseless(kind: FaultKind): boolean {
  return USELESS.has(kind);
}

/** Counts one answer. Under suspicion nothing is learnt: an outage must not become what is usual. */
export function countJudged(cell: BeliefCell, useless: boolean): void {
  if (cell.state !== "healthy") return;
  const fade = 1 - 1 / MEMORY;
  cell.judged = cell.judged * fade + 1;
  cell.useless = cell.useless * fade + (useless ? 1 : 0);
}

/** The weight of one useless answer, at most `weight`: such that at the usual share of them evidence does not grow. */
export function weightOfUseless({ judged, useless }: BeliefCell, weight: number): number {
  const share = (useless + SHARE_GUESSED * GUESS_WORTH) / (judged + GUESS_WORTH);
  if (share >= SHARE_USUAL) return 0;
  const neutral = ((1 - share) * -DETECTION.succeeded) / (share * DETECTION.failed);
  return Math.min(weight, MARGIN * neutral);
}
