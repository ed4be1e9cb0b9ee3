// Reads the engine's facts and says which of its promises did not hold. It sees `GatewayEvent`s and nothing else of the
// engine, so that it can judge any run: a drill, a seed, a test.

import { AgedMap } from "../core/aged-map.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";

export interface Invariant {
  readonly name: string;
  readonly held: boolean;
  /** The first violations, for people. */
  readonly violations: readonly string[];
}

export interface Checker {
  see(event: GatewayEvent): void;
  /** To be called once nothing should be going on any more. */
  atRest(state: { readonly inFlight: number; readonly timers: number }): void;
  invariants(): readonly Invariant[];
  readonly held: boolean;
}

export interface CheckerOptions {
  /** The most upstream requests of one call on `route`. */
  attemptsMax(route: string): number;
}

const NAMES = {
  attempts: "each attempt-start has one attempt-end",
  calls: "each call-start has one call-end",
  cap: "no call makes more attempts than its route allows",
  silence: "nothing follows a call-end",
  order: "each fact belongs to a call that has started, in order of time",
  bugs: "no bug was reported",
  rest: "at rest nothing is in flight and no timer is left",
} as const;

type Name = keyof typeof NAMES;

interface Track {
  readonly attemptsMax: number;
  readonly open: Set<number>;
  started: number;
}

const VIOLATIONS_MAX = 20;
/** Ended calls that are remembered, to notice what comes after. */
const ENDED_MAX = 100_000;

/** A checker for one run. */
export function createChecker({ attemptsMax }: CheckerOptions): Checker {
  const violations = new Map<Name, string[]>();
  const calls = new Map<string, Track>();
  const ended = new AgedMap<true>();
  let lastMs = Number.NEGATIVE_INFINITY;

  const violate = (name: Name, what: string) => {
    const list = violations.get(name) ?? [];
    violations.set(name, list);
    if (list.length < VIOLATIONS_MAX) list.push(what);
  };
  const start = (call: string, route: string) => {
    if (calls.has(call) || ended.has(call)) violate("calls", `${call} started twice`);
    calls.set(call, { attemptsMax: attemptsMax(route), open: new Set(), started: 0 });
  };
  const end = (call: string, track: Track) => {
    if (track.open.size > 0) violate("attempts", `${call} ended with ${track.open.size} attempts open`);
    calls.delete(call);
    ended.set(call, true);
    if (ended.size > ENDED_MAX) ended.delete(ended.oldestKey ?? call);
  };
  const attempt = (event: GatewayEvent & { readonly type: "attempt-start" | "attempt-end" }, track: Track) => {
    const what = `${event.call} attempt ${event.number}`;
    if (event.type === "attempt-end") {
      if (!track.open.delete(event.number)) violate("attempts", `${what} ended without having started`);
      return;
    }
    if (event.number !== ++track.started) violate("attempts", `${what} is its ${track.started}.`);
    if (track.started > track.attemptsMax) violate("cap", `${what} of at most ${track.attemptsMax}`);
    track.open.add(event.number);
  };
  return {
    see(event) {
      if (event.atMs < lastMs) violate("order", `${event.type} of ${event.call} at ${event.atMs} after ${lastMs}`);
      lastMs = Math.max(lastMs, event.atMs);
      if (event.type === "bug") violate("bugs", `${event.call}: ${event.message}`);
      else if (event.type === "call-start") start(event.call, event.route);
      else if (isOfNoCall(event)) return;
      else if (ended.has(event.call)) {
        violate(event.type === "call-end" ? "calls" : "silence", `${event.type} of ${event.call} after its call-end`);
      } else {
        const track = calls.get(event.call);
        if (track === undefined) violate("order", `${event.type} of ${event.call}, which never started`);
        else if (event.type === "call-end") end(event.call, track);
        else if (event.type === "attempt-start" || event.type === "attempt-end") attempt(event, track);
      }
    },
    atRest({ inFlight, timers }) {
      for (const call of calls.keys()) violate("calls", `${call} has not ended`);
      if (inFlight > 0) violate("rest", `${inFlight} requests are in flight`);
      if (timers > 0) violate("rest", `${timers} timers are left`);
    },
    invariants: () => invariantsOf(violations),
    get held() {
      return violations.size === 0;
    },
  };
}

const OF_NO_CALL: ReadonlySet<GatewayEvent["type"]> = new Set<GatewayEvent["type"]>([
  "belief",
  "probe",
  "status",
  "slow",
  "self-suspicion",
  "deferred",
]);

/** Told of a target or of a deferred call: the call that came by may be over. */
function isOfNoCall({ type }: GatewayEvent): boolean {
  return OF_NO_CALL.has(type);
}

function invariantsOf(violations: ReadonlyMap<Name, readonly string[]>): readonly Invariant[] {
  // The keys of the table are its names.
  return (Object.keys(NAMES) as Name[]).map((name) => {
    const list = violations.get(name) ?? [];
    return { name: NAMES[name], held: list.length === 0, violations: list };
  });
}
