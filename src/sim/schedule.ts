// Which fault hits a call: a pure rule over the schedule, the time and one random number per fault.

import type { ScheduledFault } from "./fault-script.ts";
import type { Random } from "./random.ts";

/** Whom a call goes to, as a schedule's `on` names it. */
export interface FaultAim {
  readonly provider: string;
  readonly model: string;
}

/**
 * The first fault of the schedule that hits a call at `atMs`. It draws one number for every fault, hit or not, so that
 * one fault's times never change whom another one hits.
 */
export function faultAt(
  faults: readonly ScheduledFault[],
  atMs: number,
  aim: FaultAim,
  random: Random,
): ScheduledFault | undefined {
  let hit: ScheduledFault | undefined;
  for (const fault of faults) {
    const drawn = random();
    if (hit === undefined && hits(fault, aim) && drawn < shareAt(fault, atMs)) hit = fault;
  }
  return hit;
}

/** The share of calls that `fault` hits at `atMs`: 0 outside its time, growing during its ramp. */
export function shareAt(fault: ScheduledFault, atMs: number): number {
  if (atMs < fault.atMs) return 0;
  const sinceMs = fault.everyMs === undefined ? atMs - fault.atMs : (atMs - fault.atMs) % fault.everyMs;
  if (sinceMs >= fault.forMs) return 0;
  return sinceMs < fault.rampMs ? fault.share * (sinceMs / fault.rampMs) : fault.share;
}

/** Whom it is meant for. */
export function hits(fault: ScheduledFault, aim: FaultAim): boolean {
  return fault.on.length === 0 || fault.on.some((name) => matches(name, aim));
}

function matches(name: string, { provider, model }: FaultAim): boolean {
  if (name === "*" || name === provider) return true;
  const slash = name.indexOf("/");
  if (slash < 0 || name.slice(0, slash) !== provider) return false;
  const wanted = name.slice(slash + 1);
  return wanted.endsWith("*") ? model.startsWith(wanted.slice(0, -1)) : wanted === model;
}
