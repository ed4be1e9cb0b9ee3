// Whether a call that could be given a kept answer is worth sending at all. Where belief holds that every target is away the
// answer is plain. Here is the rest: the route has refused somebody and answered nobody since, and each of its targets is under
// suspicion or has just said that it is over a limit. Then one call now and then is sent, to find out, and the others are not.

import type { Cells, OutageCell, TargetCell } from "../core/cell.ts";
import type { Fault } from "../core/fault.ts";
import { isKeyFault } from "./key-rotation.ts";

/** So often one is sent all the same. */
export const TRIAL_MS = 5_000;
/** A limit is taken to last until somebody may have found out otherwise. */
const LIMITED_MS = TRIAL_MS + 1_000;

interface Place {
  readonly id: string;
  readonly identity: string;
}

/** Notes what one attempt came to. */
export function noteLimit(cell: TargetCell, { kind, retryAfterMs = 0 }: Fault, nowMs: number): void {
  if (isKeyFault(kind)) cell.limitedUntilMs = Math.max(cell.limitedUntilMs, nowMs + retryAfterMs + LIMITED_MS);
}

/** The last word of every target was a bad one, and nobody was answered since. Costs nothing while somebody was. */
export function isHopeless(outage: OutageCell, targets: readonly Place[], cells: Cells, nowMs: number): boolean {
  return outage.sinceMs !== undefined && isEachMute(targets, cells, nowMs);
}

function isEachMute(targets: readonly Place[], cells: Cells, nowMs: number): boolean {
  return targets.every((target) => isMute(target, cells, nowMs));
}

function isMute({ id, identity }: Place, cells: Cells, nowMs: number): boolean {
  const { state } = cells.belief(identity);
  if (state !== "healthy" && state !== "ramp") return true;
  return cells.target(identity).limitedUntilMs > nowMs || cells.drains.untilMs(id) > nowMs;
}

/** True for the one call that is to find out; it is counted as sent. */
export function isTrial(outage: OutageCell, nowMs: number): boolean {
  if (nowMs - outage.trialMs < TRIAL_MS) return false;
  outage.trialMs = nowMs;
  return true;
}
