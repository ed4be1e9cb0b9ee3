// A belief at its beginning: nothing is known, and nothing is held against anybody.

import { type BeliefCell, PROBES_WANTED_MIN, type SelfCell } from "../core/cell.ts";

export function createBelief(): BeliefCell {
  return {
    state: "healthy",
    sinceMs: 0,
    score: 0,
    silence: 0,
    silenceAtMs: Number.NEGATIVE_INFINITY,
    silences: [],
    paces: [],
    writing: { seen: 0, mean: 0, variance: 0, recent: 0 },
    flow: { pace: { seen: 0, mean: 0, variance: 0, recent: 0 }, places: [], lookedAtMs: Number.NEGATIVE_INFINITY },
    lateness: 0,
    crawling: 0,
    slow: false,
    slowSinceMs: 0,
    offered: { perS: 0, atMs: 0 },
    attempted: { perS: 0, atMs: 0 },
    tenants: new Map(),
    prompts: new Map(),
    successes: 0,
    judged: 0,
    useless: 0,
    outputTokens: 400,
    pageShare: 1,
    healedMs: Number.NEGATIVE_INFINITY,
    admission: 1,
    admissionMax: 1,
    admissionFloor: 0,
    windowMs: 0,
    windowSinceMs: 0,
    windowOutcomes: 0,
    cutInWindow: false,
    well: 0,
    probeScore: 0,
    probesWanted: PROBES_WANTED_MIN,
    probedAtMs: Number.NEGATIVE_INFINITY,
    probing: false,
    canaryAtMs: Number.NEGATIVE_INFINITY,
    probeForm: 0,
    probeHabit: { seen: 0, right: 0 },
  };
}

export function createSelf(): SelfCell {
  const never = Number.NEGATIVE_INFINITY;
  return {
    silent: new Map(),
    answeredMs: never,
    sinceMs: never,
    untilMs: never,
    told: false,
    beatMs: 0,
    beatEveryMs: 0,
    laggedUntilMs: never,
    wokeMs: never,
    aheadMs: undefined,
  };
}
