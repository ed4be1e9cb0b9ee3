// Follows the objectives of a configuration on the stream of facts and says when one burns its budget too fast, and when it
// no longer does. No timer: the facts themselves are its clock, and `tick` where none come.

import type { GatewayEvent } from "../core/gateway-event.ts";
import type { SloSettings } from "../core/settings.ts";
import type { SloReading } from "../core/slo.ts";
import type { Severity } from "./burn.ts";
import { judgeCall } from "./indicator.ts";
import { budgetLeft, readingOf, worst } from "./slo-reading.ts";
import { count, countsOf, createSloWindow, type SloWindow } from "./slo-window.ts";

/** Looked at this often at most. */
const LOOK_MS = 5_000;
/** Calls whose route is remembered until they end. Beyond it the oldest is forgotten, and not counted. */
const CALLS_MAX = 20_000;

/** Where counts outlive the process. Each function throws when its disk does. */
export interface SloKeeping {
  /** Gives what the objective was told to be when it was saved. */
  load(slo: SloSettings, window: SloWindow): Severity | undefined;
  save(slo: SloSettings, window: SloWindow, sinceSlot: number, burning: Severity | undefined): void;
}

export interface SloWatch {
  /** Writes what was counted since the last time. Throws when the store does; then it is written the next time. */
  save(): void;
  read(event: GatewayEvent): void;
  /** Looks again without a fact; `nowMs` on the facts' clock. */
  tick(nowMs: number): void;
  readings(nowMs: number): readonly SloReading[];
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
    return { slo, window, burning: keeping?.load(slo, window), savedSlot: window.newest };
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
    readings: (atMs) => watched.map(({ slo, window }) => readingOf(slo, window, atMs + offsetMs)),
    save() {
      for (const one of watched) {
        keeping?.save(one.slo, one.window, one.savedSlot, one.burning);
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
  const found = worst(slo, window, nowMs);
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
