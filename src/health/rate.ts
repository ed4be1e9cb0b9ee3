// How often something happens, forgotten over 30 s. For rules that must know whether they see one call a second or a
// hundred; not for metrics.

import type { RateCell } from "../core/cell.ts";

const TAU_MS = 30_000;

export function countOne(cell: RateCell, nowMs: number): void {
  cell.perS = rateOf(cell, nowMs) + 1_000 / TAU_MS;
  cell.atMs = nowMs;
}

/** Events a second; finite and at least 0 whatever the clock does. */
export function rateOf({ perS, atMs }: RateCell, nowMs: number): number {
  const ageMs = nowMs - atMs;
  return ageMs > 0 ? perS * Math.exp(-ageMs / TAU_MS) : perS;
}
