// The way back: a share of the calls, chosen by their ids, that grows while the evidence is good, is cut at most once a
// window when it is not, and falls back to ejected at its floor. No clock of its own: it moves when calls come.

import { type BeliefCell, PROBES_WANTED_MIN } from "../core/cell.ts";
import { ejectAt } from "./cusum.ts";
import { rateOf } from "./rate.ts";

const WINDOW_MS = 10_000;
const OUTCOMES_MIN = 4;
const SHARE_MIN = 0.02;
/** What a target that is sick all the same may cost when it is tried. */
const SHARE_FIRST_MAX = 0.25;
const GROWTH = 1.5;
const STEP = 0.05;
const CUT = 0.7;
/** What an outcome says for one failure in a hundred and against eight: a sequential test (Wald 1945) with a floor at 0. */
const WELL_GOOD = Math.log(0.99 / 0.92);
const WELL_BAD = Math.log(0.01 / 0.08);
/** Ten good outcomes of the ramp make a target healthy again; after relapses, which ask for more probes as well, more do. */
const WELL_AT = 9.5 * WELL_GOOD;
const WELL_MORE = 3;

export function beginRamp(cell: BeliefCell, nowMs: number, random: number): void {
  const expected = (rateOf(cell.offered, nowMs) * WINDOW_MS) / 1_000;
  // Too few calls to learn from a share of them: the first one tells as much as the share would.
  // Else so many that a window nearly always sees what it must: with just as many, half of the windows only wait.
  const wanted = Math.min(SHARE_FIRST_MAX, (2 * OUTCOMES_MIN) / expected);
  const share = expected < OUTCOMES_MIN ? 1 : Math.max(SHARE_MIN, wanted);
  cell.score = 0;
  cell.silence = 0;
  cell.silences.length = 0;
  cell.admission = share;
  cell.admissionFloor = share;
  cell.admissionMax = 1;
  cell.well = 0;
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
  if (cell.admission >= 1 && cell.well >= wellAt(cell) && calm) return true;
  if (ageMs < cell.windowMs) return false;
  const seen = cell.windowOutcomes >= OUTCOMES_MIN || ageMs >= 2 * cell.windowMs;
  if (!seen) return false;
  if (calm && !cell.cutInWindow) {
    const grown =
      cell.admission < 0.8 * cell.admissionMax ? Math.min(cell.admission * GROWTH, 1) : cell.admission + STEP;
    // What heals is what is seen of all calls.
    if (grown >= 1 && cell.admission < 1) cell.well = 0;
    cell.admission = Math.min(1, grown);
  }
  beginWindow(cell, nowMs, random());
  return false;
}

function wellAt({ probesWanted }: BeliefCell): number {
  return WELL_AT + WELL_MORE * (probesWanted - PROBES_WANTED_MIN);
}

/** Called with each outcome, after it moved the score. True: it is as sick as before. */
export function cutRamp(cell: BeliefCell, failed: boolean, nowMs: number): boolean {
  cell.windowOutcomes++;
  cell.well = Math.max(0, cell.well + (failed ? WELL_BAD : WELL_GOOD));
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
