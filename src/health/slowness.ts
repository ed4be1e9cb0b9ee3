// Evidence that a target is slower than it used to be: its first contents come later, or its streams crawl (`crawl.ts` watches
// them). Only its own past is a measure. It lowers the target's share of calls and never ejects: who is slow still answers. Pure
// rules over cells, O(1) an event; the tail of the first contents' times is `silence.ts`.

import type { BeliefCell } from "../core/cell.ts";
import type { PaceCell } from "../core/pace-cell.ts";

/** So many are seen before anything is judged by them. */
export const SEEN_MIN = 30;
const LEARNT_SHARE = 1 / 200;
const RECENT_SHARE = 1 / 10;
/** Of a logarithm: no target is so even that a tenth more would mean something. */
const DEVIATION_MIN = 0.35;
/** What is looked for: twice as late, or one deviation where they differ more than that. */
const SHIFT_MIN = Math.log(2);
const LATE_MOST = 2;
const LATE_LEAST = -1;
const WEIGHT = 0.5;
const SLOW_AT = 6;
const WELL_AT = 2;
const SCORE_MAX = 10;
/** What has been so for this long is how it is now. */
const ACCEPTED_AFTER_MS = 900_000;
const WRITING_MIN_MS = 20;
const TOKENS_MIN = 5;
/** 5 % of a normal distribution lies below this many deviations. */
const P5 = 1.645;
/** What stays with a slow target, so that its getting better is seen. */
const SLOW_SHARE = 0.1;
const SELDOM_SLOW_SHARE = 0.3;
const SELDOM_RATE = 1;

export function createPace(): PaceCell {
  return { seen: 0, mean: 0, variance: 0, recent: 0 };
}

/** A stream's first content, `tookMs` after its attempt began. True: the target has become slow, or well again. */
export function firstCame(cell: BeliefCell, shape: number, tookMs: number, nowMs: number): boolean {
  cell.paces[shape] ??= createPace();
  const pace = cell.paces[shape];
  const value = Math.log(Math.max(1, tookMs));
  if (!Number.isFinite(value)) return false;
  if (pace.seen >= SEEN_MIN) {
    const deviation = Math.max(DEVIATION_MIN, Math.sqrt(pace.variance));
    const shift = Math.max(deviation, SHIFT_MIN);
    const evidence = ((value - pace.mean) * shift - (shift * shift) / 2) / (deviation * deviation);
    cell.lateness = bounded(cell.lateness + WEIGHT * Math.min(LATE_MOST, Math.max(LATE_LEAST, evidence)));
  }
  learn(pace, value, isCalm(cell));
  return judged(cell, nowMs);
}

export interface Written {
  readonly tokens: number;
  /** From the first content to the end, less what the reader kept it waiting. */
  readonly writingMs: number;
}

/** A stream's end: by its tokens it is known how long whole answers may take. */
export function wrote(cell: BeliefCell, { tokens, writingMs }: Written): void {
  if (!(tokens >= TOKENS_MIN && writingMs >= WRITING_MIN_MS)) return;
  learn(cell.writing, Math.log((tokens * 1_000) / writingMs), isCalm(cell));
}

/** Tokens a second that nineteen of twenty streams exceed; `undefined` while too few were seen. */
export function tokensPerSAtLeast({ writing }: BeliefCell): number | undefined {
  return writing.seen < SEEN_MIN ? undefined : slowest(writing);
}

/** The share of calls that a slow target keeps; 1 for one that is not. */
export function paceShare({ slow }: BeliefCell, offeredPerS: number): number {
  if (!slow) return 1;
  return offeredPerS < SELDOM_RATE ? SELDOM_SLOW_SHARE : SLOW_SHARE;
}

/** What nineteen of twenty exceed. */
export function slowest({ mean, variance }: PaceCell): number {
  return Math.exp(mean - P5 * Math.sqrt(variance));
}

/** While something is the matter nothing is learnt: the trouble would become what is normal. */
export function isCalm({ state, slow, lateness, crawling }: BeliefCell): boolean {
  return state === "healthy" && !slow && lateness < SLOW_AT / 2 && crawling < SLOW_AT / 2;
}

/** `calm`: it is what is normal. */
export function learn(pace: PaceCell, value: number, calm: boolean): void {
  if (!Number.isFinite(value)) return;
  pace.recent += Math.max(RECENT_SHARE, 1 / (pace.seen + 1)) * (value - pace.recent);
  if (!calm) return;
  const share = Math.max(LEARNT_SHARE, 1 / (pace.seen + 1));
  const off = value - pace.mean;
  pace.mean += share * off;
  pace.variance = Math.max(0, (1 - share) * (pace.variance + share * off * off));
  pace.seen = Math.min(1_000_000, pace.seen + 1);
}

/** After evidence moved. True: the target has become slow, or well again. */
export function judged(cell: BeliefCell, nowMs: number): boolean {
  const worst = Math.max(cell.lateness, cell.crawling);
  if (!cell.slow && worst >= SLOW_AT) {
    cell.slow = true;
    cell.slowSinceMs = nowMs;
    return true;
  }
  if (!cell.slow) return false;
  // A clock that went back must not hold it for ever.
  const ageMs = nowMs - cell.slowSinceMs;
  if (worst >= WELL_AT && ageMs >= 0 && ageMs < ACCEPTED_AFTER_MS) return false;
  if (worst >= WELL_AT) accept(cell);
  cell.slow = false;
  return true;
}

function accept(cell: BeliefCell): void {
  for (const pace of cell.paces) if (pace !== undefined) pace.mean = pace.recent;
  cell.writing.mean = cell.writing.recent;
  cell.flow.pace.mean = cell.flow.pace.recent;
  cell.lateness = 0;
  cell.crawling = 0;
}

export function bounded(score: number): number {
  return Math.min(SCORE_MAX, Math.max(0, score));
}
