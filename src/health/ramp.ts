// The way back: a share of the calls, chosen by their ids, that grows while the evidence is good, is cut at most once a
// window when it is not, and falls back to ejected at its floor. No clock of its own: it moves when calls come.

import type { BeliefCell } from "../core/cell.ts";
import { ejectAt } from "./cusum.ts";
import { rateOf } from "./rate.ts";

const WINDOW_MS = 10_000;
const OUTCOMES_MIN = 4;
const SHARE_MIN = 0.02;
const GROWTH = 1.5;
const STEP = 0.05;
const CUT = 0.7;
/** So many good outcomes of the ramp make a target healthy again. */
const HEALED_OUTCOMES = 10;

export function beginRamp(cell: BeliefCell, nowMs: number, random: number): void {
  const expected = (rateOf(cell.offered, nowMs) * WINDOW_MS) / 1_000;
  // Too few calls to learn from a share of them: the first one tells as much as the share would.
  const share = expected < OUTCOMES_MIN ? 1 : Math.max(SHARE_MIN, 1 / expected);
  cell.score = 0;
  cell.silence = 0;
  cell.silences.length = 0;
  cell.admission = share;
  cell.admissionFloor = share;
  cell.admissionMax = 1;
  cell.outcomes = 0;
  beginWindow(cell, nowMs, random);
}

function beginWindow(cell: BeliefCell, nowMs: number, random: number): void {
  cell.windowSinceMs = nowMs;
  cell.windowMs = WINDOW_MS * (0.5 + random);
  cell.windowOutcomes = 0;
  cell.cutInWindow = false;
}

/** Called with each call that could use the target. True: it is healthy again. */
export function growRamp(cell: BeliefCell, nowMs: number, random: () => number): boolean {
  const ageMs = nowMs - cell.windowSinceMs;
  // One failure just now is enough to wait a window: a quarter of calls failing must not slip through by luck.
  const calm = cell.score < ejectAt(rateOf(cell.attempted, nowMs)) / 4;
  if (cell.admission >= 1 && cell.outcomes >= HEALED_OUTCOMES && calm) return true;
  if (ageMs < cell.windowMs) return false;
  const seen = cell.windowOutcomes >= OUTCOMES_MIN || ageMs >= 2 * cell.windowMs;
  if (!seen) return false;
  if (calm && !cell.cutInWindow) {
    const grown =
      cell.admission < 0.8 * cell.admissionMax ? Math.min(cell.admission * GROWTH, 1) : cell.admission + STEP;
    // What heals is what is seen of all calls.
    if (grown >= 1 && cell.admission < 1) cell.outcomes = 0;
    cell.admission = Math.min(1, grown);
  }
  beginWindow(cell, nowMs, random());
  return false;
}

/** Called with each outcome, after it moved the score. True: it is as sick as before. */
export function cutRamp(cell: BeliefCell, nowMs: number): boolean {
  cell.windowOutcomes++;
  cell.outcomes++;
  const limit = ejectAt(rateOf(cell.attempted, nowMs));
  // A small share is cheap to take back, and little of it is seen.
  if (cell.score < (cell.admission < 0.5 ? limit / 2 : limit) || cell.cutInWindow) return false;
  cell.admissionMax = cell.admission;
  cell.admission *= CUT;
  cell.score = 0;
  cell.cutInWindow = true;
  return cell.admission < cell.admissionFloor;
}

/** Where in 0..1 a call's id falls: the same call is always on the same side of a share (FNV-1a). */
export function placeOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  // FNV's low bits vary most: mixed once more, so that ids that differ in the end alone spread over the whole range.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0) / 0x1_0000_0000;
}
