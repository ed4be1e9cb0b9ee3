// How fast the deferred calls of a route are taken up: one at first, more while they are answered, one and ever more seldom while
// they are not. Nothing is known of a route without traffic: there a job is what finds out.

import type { Clock } from "../core/runtime.ts";
import type { Engine } from "../engine/engine.ts";

const WIDTH_MAX = 8;
const PAUSE_MS = 1_000;
const PAUSE_MAX_MS = 60_000;
/** In an outage that lasts; news of a target shortens it. */
const LONG_PAUSE_MS = 300_000;
const LONG_AFTER_FAILURES = 20;
/** Live traffic has what has just come back to itself. */
export const SETTLE_MS = 3_000;

export interface Lane {
  readonly route: string;
  running: number;
  /** How many may run at once. */
  width: number;
  /** On `Clock`: none is begun before. */
  untilMs: number;
  /** Whose job was begun last. */
  tenant: string;
  /** Since the last answer. */
  failures: number;
  good: number;
  /** Of all calls at the route's targets, when a job last failed. */
  successes: number;
  readonly successesNow: () => number;
}

export interface Lanes {
  of(route: string, engine: Engine): Lane;
  answered(lane: Lane): void;
  /** True when others were answered since a job last failed: then it may be the job. */
  failed(lane: Lane): boolean;
  /** A target is well again. False when nobody waits for that. */
  hurry(): boolean;
}

const LANES_MAX = 4_096;

export function createLanes(clock: Clock): Lanes {
  const lanes = new Map<string, Lane>();
  return {
    of(route, engine) {
      const known = lanes.get(route);
      if (known !== undefined) return known;
      const oldest = lanes.size >= LANES_MAX ? [...lanes.values()].find(({ running }) => running === 0) : undefined;
      if (oldest !== undefined) lanes.delete(oldest.route);
      const untilMs = clock.now();
      const successesNow = () => successesOf(route, engine);
      const successes = successesNow();
      const made: Lane = {
        route,
        running: 0,
        width: 1,
        untilMs,
        tenant: "",
        failures: 0,
        good: 0,
        successes,
        successesNow,
      };
      lanes.set(route, made);
      return made;
    },
    answered(lane) {
      lane.failures = 0;
      lane.good++;
      // A round of the present width went well.
      if (lane.good >= lane.width) {
        lane.width = Math.min(WIDTH_MAX, lane.width + 1);
        lane.good = 0;
      }
    },
    failed(lane) {
      const counts = lane.successesNow() > lane.successes;
      lane.successes = lane.successesNow();
      lane.failures++;
      lane.good = 0;
      lane.width = 1;
      const mostMs = lane.failures > LONG_AFTER_FAILURES ? LONG_PAUSE_MS : PAUSE_MAX_MS;
      lane.untilMs = clock.now() + Math.min(mostMs, PAUSE_MS * 2 ** Math.min(lane.failures, 10));
      return counts;
    },
    hurry() {
      const soonMs = clock.now() + SETTLE_MS;
      let hurried = false;
      for (const lane of lanes.values()) {
        if (lane.untilMs <= soonMs) continue;
        lane.untilMs = soonMs;
        hurried = true;
      }
      return hurried;
    },
  };
}

function successesOf(route: string, { cells, routes }: Engine): number {
  let sum = 0;
  for (const { name, keyed } of routes.compiled()) {
    if (name === route) for (const { identity } of keyed) sum += cells.belief(identity).successes;
  }
  return sum;
}
