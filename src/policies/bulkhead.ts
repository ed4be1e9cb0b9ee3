// How much of one provider may be under way at once, and how much of that one tenant: so that no tenant and no provider that
// hangs takes all of the gateway. Pure rules over a cell. It bounds calls under way, not their rate: that is quota's.

import type { IntakeCell } from "../core/cell.ts";

/** Of one provider, while it is well: far beyond what a healthy service needs, and about half a gigabyte of open streams. */
export const INTAKE_MAX = 16_384;
/** A provider under suspicion may always have this many. */
export const INTAKE_MIN = 32;
/** Under suspicion it may have somewhat more than it ever had while it was well: suspicion may be wrong, and load may rise. */
const PEAK_TIMES = 1.5;
/** How fast the most that it had while it was well is forgotten. */
const PEAK_HALF_MS = 600_000;
/** A tenant may hold this many times what is still free: alone eight ninths, two alike eight seventeenths each. */
const SHARE_OF_FREE = 8;

/** `strained`: its belief is under suspicion; it may have about what it had while it was well. */
export function intakeLimit(cell: IntakeCell, strained: boolean, nowMs: number): number {
  if (!strained) return INTAKE_MAX;
  return Math.min(INTAKE_MAX, Math.max(INTAKE_MIN, Math.ceil(PEAK_TIMES * peakOf(cell, nowMs))));
}

/** Dynamic thresholds (Choudhury and Hahne, 1998): nobody is counted, and there is always room for who has nothing yet. */
export function isIntakeFull(
  cell: IntakeCell,
  { tenant, strained }: { readonly tenant: string; readonly strained: boolean },
  nowMs: number,
): boolean {
  const limit = intakeLimit(cell, strained, nowMs);
  if (cell.calls >= limit) return true;
  // Below half of the limit no share can be too large: nothing is looked up.
  if (cell.calls < limit / 2) return false;
  return (cell.tenants.get(tenant) ?? 0) >= SHARE_OF_FREE * (limit - cell.calls);
}

/** An attempt begins. */
export function enterIntake(
  cell: IntakeCell,
  { tenant, strained }: { readonly tenant: string; readonly strained: boolean },
  nowMs: number,
): void {
  cell.calls++;
  cell.tenants.set(tenant, (cell.tenants.get(tenant) ?? 0) + 1);
  if (strained || cell.calls < peakAtLeast(cell, nowMs) || cell.calls < peakOf(cell, nowMs)) return;
  cell.peak = cell.calls;
  cell.peakAtMs = nowMs;
}

/** It ended, whatever came of it: the end of its answer, not the beginning. */
export function leaveIntake(cell: IntakeCell, tenant: string): void {
  cell.calls = Math.max(0, cell.calls - 1);
  const left = (cell.tenants.get(tenant) ?? 0) - 1;
  if (left > 0) cell.tenants.set(tenant, left);
  else cell.tenants.delete(tenant);
}

/** No more than `peakOf`, without a power: 2^-x is never below 1 - x·ln 2. For each attempt that begins. */
function peakAtLeast({ peak, peakAtMs }: IntakeCell, nowMs: number): number {
  const ageMs = nowMs - peakAtMs;
  return ageMs > 0 ? peak * (1 - (Math.LN2 * ageMs) / PEAK_HALF_MS) : peak;
}

function peakOf({ peak, peakAtMs }: IntakeCell, nowMs: number): number {
  const ageMs = nowMs - peakAtMs;
  return ageMs > 0 ? peak * 2 ** (-ageMs / PEAK_HALF_MS) : peak;
}
