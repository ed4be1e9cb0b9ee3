// Follows the objectives of a configuration on the stream of facts and says when one burns its budget too fast, and when it
// no longer does. No timer: the facts themselves are its clock, and `tick` where none come.

import type { GatewayEvent } from "../core/gateway-event.ts";
import type { SloSettings } from "../core/settings.ts";
import { burnRate, burnRules, type Counts, isBurning, type Severity } from "./burn.ts";
import { judgeCall } from "./indicator.ts";
import { count, countsOf, createSloWindow, type SloWindow } from "./slo-window.ts";

/** Looked at this often at most. */
const LOOK_MS = 5_000;
/** Calls whose route is remembered until they end. Beyond it the oldest is forgotten, and not counted. */
const CALLS_MAX = 20_000;

export interface SloState extends SloSettings {
  readonly counts: Counts;
  /** Of the error budget, 0..1 and below 0 when it is overspent; 1 without calls. */
  readonly budgetLeft: number;
  readonly burning: Severity | undefined;
}

/** Where counts outlive the process. Each function throws when its disk does. */
export interface SloKeeping {
  load(slo: SloSettings, window: SloWindow): void;
  save(slo: SloSettings, window: SloWindow, sinceSlot: number): void;
}

export interface SloWatch {
  /** Writes what was counted since the last time. Throws when the store does; then it is written the next time. */
  save(): void;
  read(event: GatewayEvent): void;
  /** Looks again without a fact; `nowMs` on the facts' clock. */
  tick(nowMs: number): void;
  states(nowMs: number): readonly SloState[];
}

interface Watched {
  readonly slo: SloSettings;
  readonly window: SloWindow;
  burning: Severity | undefined;
  savedSlot: number;
}

export interface SloWatchOptions {
  readonly slos: readonly SloSettings[];
  /** On the facts' clock. */
  readonly nowMs: number;
  /** What makes a moment of that clock one since the Unix epoch: slots of different processes must be the same ones. */
  readonly offsetMs: number;
  readonly emit: (fact: GatewayEvent) => void;
  readonly keeping?: SloKeeping | undefined;
}

export function createSloWatch({ slos, nowMs, offsetMs, emit, keeping }: SloWatchOptions): SloWatch {
  const watched: readonly Watched[] = slos.map((slo) => {
    const window = createSloWindow(slo.windowMs, nowMs + offsetMs);
    keeping?.load(slo, window);
    return { slo, window, burning: undefined, savedSlot: window.newest };
  });
  const calls = new Map<string, { readonly route: string; readonly stream: boolean }>();
  let lookedMs = nowMs;
  const look = (atMs: number, call: string): void => {
    if (atMs - lookedMs < LOOK_MS && atMs >= lookedMs) return;
    lookedMs = atMs;
    for (const one of watched) tell(one, atMs + offsetMs, { atMs, call }, emit);
  };
  const routes = new Set(slos.map(({ route }) => route));
  return {
    read(event) {
      if (event.type === "call-start") {
        if (!routes.has(event.route)) return;
        if (calls.size >= CALLS_MAX) forgetOldest(calls);
        calls.set(event.call, { route: event.route, stream: event.stream });
      } else if (event.type === "call-end") {
        const call = calls.get(event.call);
        if (call === undefined) return;
        calls.delete(event.call);
        for (const { slo, window } of watched) {
          if (slo.route !== call.route) continue;
          const verdict = judgeCall(slo.indicator, event, call.stream);
          if (verdict !== undefined) count(window, event.atMs + offsetMs, verdict === "bad");
        }
        look(event.atMs, event.call);
      }
    },
    tick: (atMs) => look(atMs, ""),
    states: (atMs) => watched.map((one) => stateOf(one, atMs + offsetMs)),
    save() {
      for (const one of watched) {
        keeping?.save(one.slo, one.window, one.savedSlot);
        one.savedSlot = one.window.newest;
      }
    },
  };
}

function forgetOldest(calls: Map<string, unknown>): void {
  const [oldest] = calls.keys();
  if (oldest !== undefined) calls.delete(oldest);
}

function tell(
  watched: Watched,
  nowMs: number,
  fact: Pick<GatewayEvent, "atMs" | "call">,
  emit: (fact: GatewayEvent) => void,
): void {
  const { slo, window } = watched;
  const found = worst(watched, nowMs);
  if (found === undefined && watched.burning === undefined) return;
  if (found !== undefined && watched.burning !== undefined && found.severity === watched.burning) return;
  // From a page to a ticket is no news: it burns on, and ends once it has ended.
  if (found?.severity === "ticket" && watched.burning === "page") return;
  watched.burning = found?.severity;
  const counts = countsOf(window, slo.windowMs, nowMs);
  emit({
    ...fact,
    type: "slo",
    slo: slo.name,
    route: slo.route,
    state: found === undefined ? "recovered" : "burning",
    severity: found?.severity ?? "ticket",
    burnRate: found?.rate ?? 0,
    budgetLeft: budgetLeft(counts, slo.objective),
  });
}

/** Rules come worst first. */
function worst({ slo, window }: Watched, nowMs: number): { severity: Severity; rate: number } | undefined {
  for (const rule of burnRules(slo.windowMs)) {
    const short = countsOf(window, rule.shortMs, nowMs);
    // Nearly always so, and the long window is long.
    if (short.bad === 0) continue;
    const long = countsOf(window, rule.longMs, nowMs);
    if (isBurning(rule, long, short, slo.objective)) {
      return { severity: rule.severity, rate: burnRate(long, slo.objective) };
    }
  }
  return undefined;
}

/** 1: nothing was spent of it; 0: all of it. */
export function budgetLeft(counts: Counts, objective: number): number {
  return 1 - burnRate(counts, objective);
}

function stateOf({ slo, window, burning }: Watched, nowMs: number): SloState {
  const counts = countsOf(window, slo.windowMs, nowMs);
  return { ...slo, counts, budgetLeft: budgetLeft(counts, slo.objective), burning };
}
