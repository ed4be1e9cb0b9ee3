// Follows the objectives of a configuration on the stream of facts and says when one burns its budget too fast, and when it
// no longer does. No timer: the facts themselves are its clock, and `tick` where none come.

import type { GatewayEvent } from "../core/gateway-event.ts";
import type { SloSettings } from "../core/settings.ts";
import type { SloReading, SloSpan } from "../core/slo.ts";
import type { Counts, Severity } from "./burn.ts";
import { judgeCall } from "./indicator.ts";
import { keptMs, spanOfSlo } from "./slo-month.ts";
import { budgetLeft, countsNow, readingOf, readingOfPast, worst } from "./slo-reading.ts";
import { count, createSloWindow, QUARTER_MS, type SloWindow } from "./slo-window.ts";

/** Looked at this often at most. */
const LOOK_MS = 5_000;
/** Calls whose route is remembered until they end. Beyond it the oldest is forgotten, and not counted. */
const CALLS_MAX = 20_000;

/** Where counts outlive the process. Each function throws when its disk does. */
export interface SloKeeping {
  /** Gives what the objective was told to be when it was saved. */
  load(slo: SloSettings, window: SloWindow): Severity | undefined;
  save(slo: SloSettings, counted: Saving): void;
  /** What was saved of these quarters of an hour since the Unix epoch, the last one not included. */
  past(slo: SloSettings, fromQuarter: number, toQuarter: number): Counts;
  /** Those that were told to burn and are none of `slos`; each is given once. */
  orphans(slos: readonly SloSettings[]): readonly Burnt[];
}

export interface Burnt extends Pick<SloSettings, "name" | "route"> {
  readonly severity: Severity;
}

export interface Saving {
  readonly window: SloWindow;
  readonly sinceSlot: number;
  readonly burning: Severity | undefined;
  /** Counted since the last time, by quarter of an hour since the Unix epoch: to be added. */
  readonly quarters: ReadonlyMap<number, Counts>;
}

export interface SloWatch {
  /** Writes what was counted since the last time. Throws when the store does; then it is written the next time. */
  save(): void;
  read(event: GatewayEvent): void;
  /** Looks again without a fact; `nowMs` on the facts' clock. */
  tick(nowMs: number): void;
  readings(nowMs: number): readonly SloReading[];
  /** Of the past, as far as it was saved; `undefined` where nothing is, or where that is no month. */
  past(span: SloSpan): readonly SloReading[] | undefined;
  /** Those that were told to burn, and to have stopped no more. */
  burning(): readonly { readonly slo: SloSettings; readonly severity: Severity }[];
}

interface Watched {
  readonly slo: SloSettings;
  readonly window: SloWindow;
  burning: Severity | undefined;
  savedSlot: number;
  /** Not saved yet. */
  readonly quarters: Map<number, { total: number; bad: number }>;
}

/** While the store fails; a day has 96. */
const QUARTERS_MAX = 10_000;

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
    const window = createSloWindow(keptMs(slo), nowMs + offsetMs);
    return { slo, window, burning: keeping?.load(slo, window), savedSlot: window.newest, quarters: new Map() };
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
        for (const one of watched) {
          if (one.slo.route !== call.route) continue;
          const verdict = judgeCall(one.slo.indicator, event, call.stream);
          if (verdict !== undefined) note(one, event.atMs + offsetMs, verdict === "bad", keeping !== undefined);
        }
        look(event.atMs, event.call);
      }
    },
    tick: (atMs) => look(atMs, ""),
    readings: (atMs) => watched.map(({ slo, window }) => readingOf(slo, window, atMs + offsetMs)),
    past: (span) => keeping && pastOf(slos, span, keeping),
    burning: () => watched.flatMap(({ slo, burning: severity }) => (severity === undefined ? [] : { slo, severity })),
    save() {
      for (const one of watched) {
        const { slo, window, burning, quarters } = one;
        keeping?.save(slo, { window, sinceSlot: one.savedSlot, burning, quarters });
        one.savedSlot = window.newest;
        quarters.clear();
      }
    },
  };
}

function note({ window, quarters }: Watched, atMs: number, isBad: boolean, isKept: boolean): void {
  count(window, atMs, isBad);
  if (!isKept) return;
  const quarter = Math.floor(atMs / QUARTER_MS);
  let counts = quarters.get(quarter);
  if (counts === undefined) {
    if (quarters.size >= QUARTERS_MAX) forgetOldest(quarters);
    counts = { total: 0, bad: 0 };
    quarters.set(quarter, counts);
  }
  counts.total++;
  if (isBad) counts.bad++;
}

/** Of all of them; `undefined`: that is no month. A span is as long as its quarters of an hour. */
export function pastOf(
  slos: readonly SloSettings[],
  span: SloSpan,
  { past }: Pick<SloKeeping, "past">,
): readonly SloReading[] | undefined {
  const found = slos.flatMap((slo) => {
    const wanted = spanOfSlo(slo, span);
    if (wanted === undefined) return [];
    const [from, to] = [Math.floor(wanted.fromMs / QUARTER_MS), Math.ceil(wanted.toMs / QUARTER_MS)];
    return readingOfPast(slo, past(slo, from, to), { fromMs: from * QUARTER_MS, toMs: to * QUARTER_MS });
  });
  return found.length === slos.length ? found : undefined;
}

function forgetOldest<Key>(map: Map<Key, unknown>): void {
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
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
  // Whoever was told of it is told of its end.
  const severity = found?.severity ?? watched.burning ?? "ticket";
  watched.burning = found?.severity;
  const counts = countsNow(slo, window, nowMs);
  emit({
    ...fact,
    type: "slo",
    slo: slo.name,
    route: slo.route,
    state: found === undefined ? "recovered" : "burning",
    severity,
    burnRate: found?.rate ?? 0,
    budgetLeft: budgetLeft(counts, slo.objective),
  });
}
