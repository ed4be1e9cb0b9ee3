// When a provider truly became sick, by the script of its faults: what swings of belief are counted against. Pure; what a
// fault does is `play.ts`, whom it hits `schedule.ts`.

import type { FaultScriptKind, ScheduledFault } from "./fault-script.ts";
import { type FaultAim, hits, shareAt } from "./schedule.ts";

/** From this share of failing calls on a provider is sick whatever the rest of the script does. */
const SICK = 0.1;
/** Below this, with the errors that a provider always has, it may be called well (`health/ramp.ts`). */
const UNWELL = 0.025;
const EDGES_MAX = 20_000;
/** A caller's doing, or a key's: never a provider's. */
const INNOCENT: ReadonlySet<FaultScriptKind> = new Set<FaultScriptKind>([
  "rate-limit",
  "credential",
  "model-missing",
  "bad-request",
  "context-too-long",
  "byte-by-byte",
  "no-terminator",
]);

export function isInnocent({ kind, status }: ScheduledFault): boolean {
  return INNOCENT.has(kind) || (kind === "status" && status !== undefined && status < 500);
}

/** When the script changes for a provider, in order, up to `untilMs`. */
export function edgesOf(faults: readonly ScheduledFault[], untilMs: number): readonly number[] {
  const edges = new Set<number>();
  for (const { atMs, forMs, rampMs, everyMs = Number.POSITIVE_INFINITY } of faults) {
    for (let fromMs = atMs; fromMs < untilMs && edges.size < EDGES_MAX; fromMs += everyMs) {
      for (const edgeMs of [fromMs, fromMs + Math.min(rampMs, forMs), fromMs + forMs]) {
        if (edgeMs < untilMs) edges.add(edgeMs);
      }
      if (everyMs === Number.POSITIVE_INFINITY) break;
    }
  }
  return [...edges].sort((one, other) => one - other);
}

/**
 * When `aim` began to be sick, each time anew: with each rise to a tenth of its calls, and with each rise over what passes for
 * well that never comes so far.
 */
export function onsetsOf(faults: readonly ScheduledFault[], aim: FaultAim, untilMs: number): readonly number[] {
  const own = faults.filter((fault) => hits(fault, aim) && !isInnocent(fault));
  const onsets: number[] = [];
  let [isSick, isUnwell, wasSick] = [false, false, false];
  for (const edgeMs of edgesOf(own, untilMs)) {
    const share = 1 - own.reduce((well, fault) => well * (1 - shareAfter(fault, edgeMs)), 1);
    if (share >= UNWELL && !isUnwell) wasSick = false;
    if (share >= SICK && !isSick) {
      // It had only been unwell: that was the beginning of this.
      if (!isUnwell || wasSick) onsets.push(edgeMs);
      wasSick = true;
    } else if (share >= UNWELL && !isUnwell) onsets.push(edgeMs);
    isUnwell = share >= UNWELL;
    isSick = share >= SICK;
  }
  return onsets;
}

/** The share that it has, or rises to, from a moment on. */
function shareAfter(fault: ScheduledFault, atMs: number): number {
  return shareAt({ ...fault, rampMs: 0 }, atMs);
}
