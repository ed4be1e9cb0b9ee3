// The lowest node of belief: one of several keys at a target. A provider may be well for one account and sick for another, so
// what fails with a key is first that key's doing; it is the target's when another key fails too. Pure rules over a cell, O(1)
// an outcome. Rejections, quota and rate limits are not evidence: for those a key rests or pauses (`policies/key-rotation.ts`).

import type { KeyEvidence } from "../core/cell.ts";
import { DETECTION, ejectAt, scored } from "./cusum.ts";

const SICK_AT = ejectAt(1) / 2;
const WELL_AT = ejectAt(1) / 4;
/** What a whole success of a sick key's trial leaves of the evidence: few are seen. */
const LEFT_BY_SUCCESS = 0.5;

export function createKeyEvidence(): KeyEvidence {
  return { score: 0, sick: false, triedAtMs: Number.NEGATIVE_INFINITY };
}

/** One outcome with this key, or the half of a success. */
export function noteKey(
  cell: KeyEvidence,
  { failed, weight }: { readonly failed: boolean; readonly weight: number },
  nowMs: number,
): void {
  if (!cell.sick || failed) cell.score = scored(cell.score, DETECTION, failed, weight);
  else cell.score *= LEFT_BY_SUCCESS ** weight;
  if (!cell.sick && cell.score >= SICK_AT) {
    cell.sick = true;
    cell.triedAtMs = nowMs;
  } else if (cell.sick && cell.score < WELL_AT) cell.sick = false;
}
