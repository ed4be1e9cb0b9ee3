// What a drill comes to, counted from the facts as they come: one small record a call, none of its bytes. Rates are those
// of calls that began between the first fault and the end of the last one.

import type { GatewayEvent } from "../core/gateway-event.ts";
import type { ScheduledFault } from "./fault-script.ts";
import type { Scenario } from "./scenario.ts";

/** When the faults are, in the world's milliseconds. */
export interface FaultWindow {
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface Tally {
  see(event: GatewayEvent): void;
  figures(clients: ClientFigures): Figures;
}

/** What clients alone can see. */
export interface ClientFigures {
  readonly corruptedToolCalls: number;
  /** Calls that were retries of a client's SDK. */
  readonly clientRetries: number;
}

/** Null: there was nothing to measure it by. Rates are 0..1, times milliseconds. */
export interface Figures extends ClientFigures {
  readonly calls: number;
  readonly succeeded: number;
  readonly degraded: number;
  readonly failed: number;
  readonly successRate: number;
  readonly completeRate: number;
  readonly attemptsPerCall: number;
  readonly sickAttemptsPerCall: number;
  readonly probes: number;
  readonly probesPerS: number;
  readonly detectionMs: number | null;
  readonly firstTokenAddedP99Ms: number | null;
  readonly returnTo90Ms: number | null;
  readonly ejectHealCycles: number;
  readonly falseEjections: number;
  readonly lost: number;
}

interface Track {
  readonly atMs: number;
  first: string;
  attempts: number;
  sickAttempts: number;
  firstContentMs: number;
  committed: boolean;
  ended: boolean;
  complete: boolean;
  lastResort: boolean;
}

const RETURN_WINDOW_MS = 10_000;
const BACK = 0.9;

/** Without an end, a fault lasts as long as the traffic. No fault: the whole run. */
export function faultWindow({ faults, traffic }: Pick<Scenario, "faults" | "traffic">): FaultWindow {
  const endMs = traffic.seconds * 1_000;
  if (faults.length === 0) return { fromMs: 0, untilMs: endMs };
  const untilMs = Math.max(...faults.map(({ atMs, forMs, everyMs }) => (everyMs === undefined ? atMs + forMs : endMs)));
  return { fromMs: Math.min(...faults.map(({ atMs }) => atMs)), untilMs: Math.min(endMs, untilMs) };
}

export function createTally(scenario: Scenario): Tally {
  const window = faultWindow(scenario);
  const sick = new Set(scenario.faults.flatMap((fault) => aimedAt(fault, scenario)));
  const calls = new Map<string, Track>();
  const beliefs: Extract<GatewayEvent, { type: "belief" }>[] = [];
  let probes = 0;
  return {
    see(event) {
      if (event.type === "call-start") calls.set(event.call, trackOf(event.atMs));
      else if (event.type === "belief") beliefs.push(event);
      else if (event.type === "probe") probes += event.atMs >= window.fromMs && event.atMs < window.untilMs ? 1 : 0;
      else {
        const track = calls.get(event.call);
        if (track !== undefined) follow(track, event, sick);
      }
    },
    figures: (clients) => figuresOf({ scenario, window, sick, calls, beliefs, probes, clients }),
  };
}

/** The providers that a fault hits. */
function aimedAt({ on }: ScheduledFault, { providers }: Scenario): readonly string[] {
  const all = providers.map(({ name }) => name);
  return on.length === 0 || on.includes("*") ? all : on.map((name) => name.split("/", 1)[0] ?? name);
}

function trackOf(atMs: number): Track {
  return {
    atMs,
    first: "",
    attempts: 0,
    sickAttempts: 0,
    firstContentMs: Number.NaN,
    committed: false,
    ended: false,
    complete: false,
    lastResort: false,
  };
}

function follow(track: Track, event: GatewayEvent, sick: ReadonlySet<string>): void {
  if (event.type === "attempt-start") {
    track.attempts++;
    if (event.number === 1) track.first = event.target;
    if (sick.has(providerOf(event.target))) track.sickAttempts++;
  } else if (event.type === "call-commit") track.committed = true;
  else if (event.type === "call-end") {
    track.ended = true;
    track.complete = event.ending === "complete";
    track.lastResort = event.servedBy !== undefined && event.servedBy !== "target";
    track.firstContentMs = event.firstContentMs ?? Number.NaN;
  }
}

function providerOf(target: string): string {
  return target.slice(0, target.indexOf("/"));
}

interface Seen {
  readonly scenario: Scenario;
  readonly window: FaultWindow;
  readonly sick: ReadonlySet<string>;
  readonly calls: ReadonlyMap<string, Track>;
  readonly beliefs: readonly Extract<GatewayEvent, { type: "belief" }>[];
  readonly probes: number;
  readonly clients: ClientFigures;
}

function figuresOf(seen: Seen): Figures {
  const { window, sick, beliefs, probes } = seen;
  const all = [...seen.calls.values()];
  const within = all.filter(({ atMs }) => atMs >= window.fromMs && atMs < window.untilMs);
  const share = (wanted: (track: Track) => boolean) => ratio(within.filter(wanted).length, within.length);
  const succeeded = within.filter(({ complete, lastResort }) => complete && !lastResort).length;
  const degraded = within.filter(({ complete, lastResort }) => complete && lastResort).length;
  const ejected = beliefs.filter(({ state, from }) => state === "ejected" && from !== "probation");
  const detected = ejected.find(({ domain, atMs }) => sick.has(domain) && atMs >= window.fromMs);
  return {
    calls: within.length,
    succeeded,
    degraded,
    failed: within.length - succeeded - degraded,
    successRate: share(({ committed, lastResort }) => committed && !lastResort),
    completeRate: share(({ complete, lastResort }) => complete && !lastResort),
    attemptsPerCall: ratio(sum(within, "attempts"), within.length),
    sickAttemptsPerCall: ratio(sum(within, "sickAttempts"), within.length),
    probes,
    probesPerS: rounded(probes / Math.max(1, (window.untilMs - window.fromMs) / 1_000) / Math.max(1, sick.size)),
    detectionMs: detected === undefined ? null : Math.round(detected.atMs - window.fromMs),
    firstTokenAddedP99Ms: addedMs(all, within, window),
    returnTo90Ms: returnedMs(all, seen),
    ejectHealCycles: beliefs.filter(
      ({ from, state, domain }) => from === "ramp" && state === "healthy" && sick.has(domain),
    ).length,
    falseEjections: ejected.filter(({ domain, atMs }) => !sick.has(domain) || atMs < window.fromMs).length,
    ...seen.clients,
    lost: all.filter(({ ended }) => !ended).length,
  };
}

/** The slow end of calls in the fault window, less the middle of those before it. */
function addedMs(all: readonly Track[], within: readonly Track[], { fromMs }: FaultWindow): number | null {
  const calm = sorted(all.filter(({ atMs }) => atMs < fromMs));
  const hit = sorted(within);
  if (calm.length === 0 || hit.length === 0) return null;
  return Math.round(quantile(hit, 0.99) - quantile(calm, 0.5));
}

/** When nine of ten calls begin at the first target again, after the last fault. */
function returnedMs(all: readonly Track[], { scenario, window, sick }: Seen): number | null {
  const route = scenario.settings.routes[0];
  const best = route?.targets[0];
  if (best === undefined || !sick.has(best.provider)) return null;
  const id = `${best.provider}/${best.model}`;
  const after = all.filter(({ atMs }) => atMs >= window.untilMs);
  let from = 0;
  let there = 0;
  for (const [index, track] of after.entries()) {
    if (track.first === id) there++;
    while (track.atMs - (after[from]?.atMs ?? track.atMs) > RETURN_WINDOW_MS) {
      if (after[from]?.first === id) there--;
      from++;
    }
    const count = index - from + 1;
    const covered = track.atMs - window.untilMs >= RETURN_WINDOW_MS;
    if (covered && there >= BACK * count) return Math.round((after[from]?.atMs ?? track.atMs) - window.untilMs);
  }
  return null;
}

function sorted(tracks: readonly Track[]): number[] {
  return tracks
    .map(({ firstContentMs }) => firstContentMs)
    .filter((ms) => !Number.isNaN(ms))
    .sort((a, b) => a - b);
}

function quantile(values: readonly number[], share: number): number {
  return values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
}

function sum(tracks: readonly Track[], key: "attempts" | "sickAttempts"): number {
  return tracks.reduce((total, track) => total + track[key], 0);
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : rounded(part / whole);
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
