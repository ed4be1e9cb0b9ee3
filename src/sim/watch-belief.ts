// What a gateway may believe: I7 the way back, I8 no swinging, I9 nobody is left without reason.

import type { BeliefCell } from "../core/cell.ts";
import { FAULTS } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import { identityOf } from "../engine/keyed-target.ts";
import { edgesOf, isInnocent, onsetsOf } from "./fault-edges.ts";
import type { ScheduledFault } from "./fault-script.ts";
import type { SimProvider } from "./provider.ts";
import { hits } from "./schedule.ts";
import type { Rules, Violate, Watched } from "./watch.ts";

const MINUTE_MS = 60_000;
/** Every 5 s; and where calls are seldom one each, at most 0.4 a second, which is another 24. */
const PROBES_A_MINUTE_MAX = 40;
/** How long after its end a fault may still be held against its provider: timeouts, then what was in flight. */
const AFTERMATH_MS = 120_000;
const CUT = 0.7;
/** Nothing is played for longer. */
const RUN_MAX_MS = 7 * 86_400_000;
/** While a fault stays as it is nobody goes out or comes back more often, in this time. */
const STEADY_MS = 600_000;
const STEADY_CHANGES_MAX = 2;
/** A provider that comes and goes is left once in its period, and once in this at most. */
const FLAPPING_MS = 60_000;
/** It may be noticed sooner than the first time by so much. */
const NOTICED_MS = 15_000;

interface Target {
  readonly id: string;
  readonly provider: string;
  readonly cell: BeliefCell;
  admission: number;
  windowSinceMs: number;
  cuts: number;
  healed: number;
  readonly probesAtMs: number[];
  /** When it fell sick, and when its faults changed at all. */
  readonly onsets: readonly number[];
  readonly edges: readonly number[];
  /** Of its faults that come back by themselves, the shortest; `Infinity`: none does. */
  readonly periodMs: number;
  /** When it went out of rotation, and when it went or came back. */
  readonly left: number[];
  readonly turned: number[];
  /** Something was said against it that is evidence. */
  blamed: boolean;
}

export function beliefRules(watched: Watched, violate: Violate): Rules {
  const targets = new Map(targetsOf(watched).map((target) => [target.id, target]));
  return {
    see(event) {
      if (event.type === "probe") probed(targets.get(event.target), event, violate);
      else if (event.type === "attempt-end") ended(targets.get(event.target), event);
      else if (event.type === "belief") changed(watched, targets.get(event.target), event, violate);
    },
    tick(nowMs) {
      for (const target of targets.values()) {
        climbs(target, nowMs, violate);
        const { id, cell, blamed } = target;
        if (!blamed && cell.score > 0) violate("I9", `${id} has a score of ${cell.score} at ${nowMs} for nothing`);
      }
    },
    atRest() {},
  };
}

function targetsOf(watched: Watched): Target[] {
  const { settings, cells } = watched;
  return settings.routes
    .flatMap(({ targets }) => targets)
    .flatMap(({ provider: name, model }) => {
      const provider = settings.providers.find((one) => one.name === name);
      if (provider === undefined) return [];
      const cell = cells.belief(identityOf(provider, model));
      const fresh = { admission: 1, windowSinceMs: 0, cuts: 0, healed: 0, probesAtMs: [], left: [], turned: [] };
      return [
        { id: `${name}/${model}`, provider: name, cell, blamed: false, ...fresh, ...scriptOf(watched, name, model) },
      ];
    });
}

/** What is known of its faults beforehand. */
function scriptOf({ providers, faults, untilMs = RUN_MAX_MS }: Watched, provider: string, model: string) {
  const own = providers.find(({ name }) => name === provider);
  const aim = { provider, model };
  const all = [...(own?.faults ?? []), ...faults].filter((fault) => hits(fault, aim));
  const periodMs = Math.min(...all.map(({ everyMs = Number.POSITIVE_INFINITY }) => everyMs));
  return { onsets: onsetsOf(all, aim, untilMs), edges: edgesOf(all, untilMs), periodMs };
}

function ended(target: Target | undefined, { fault, flaw }: Extract<GatewayEvent, { type: "attempt-end" }>): void {
  const kind = fault ?? flaw;
  if (target !== undefined && kind !== undefined && FAULTS[kind].evidence > 0) target.blamed = true;
}

type Probe = Extract<GatewayEvent, { type: "probe" }>;

function probed(target: Target | undefined, { atMs, ok }: Probe, violate: Violate): void {
  if (target === undefined) return;
  if (!ok) target.blamed = true;
  target.probesAtMs.push(atMs);
  while (atMs - (target.probesAtMs[0] ?? atMs) > MINUTE_MS) target.probesAtMs.shift();
  const { length } = target.probesAtMs;
  if (length > PROBES_A_MINUTE_MAX) violate("I7", `${length} probes of ${target.id} in the minute before ${atMs}`);
}

/** Between two looks at a ramp: up, or down by one cut of its window. */
function climbs(target: Target, nowMs: number, violate: Violate): void {
  const { cell } = target;
  if (cell.state !== "ramp") {
    target.admission = 0;
    return;
  }
  const sameWindow = cell.windowSinceMs === target.windowSinceMs;
  const fell = cell.admission < target.admission;
  // In another window since: the cut may have been the earlier one's.
  target.cuts = sameWindow ? target.cuts + (fell ? 1 : 0) : 0;
  target.windowSinceMs = cell.windowSinceMs;
  const tooFar = fell && cell.admission < target.admission * CUT * CUT * 0.99;
  if (tooFar || target.cuts > 1) {
    violate("I7", `the share of ${target.id} fell from ${target.admission} to ${cell.admission} at ${nowMs}`);
  }
  target.admission = cell.admission;
}

type BeliefEvent = Extract<GatewayEvent, { type: "belief" }>;

function changed(watched: Watched, target: Target | undefined, event: BeliefEvent, violate: Violate): void {
  if (target === undefined) return;
  const { from, state, atMs } = event;
  const isBack = from === "ramp" && state === "healthy";
  const isLeft = state === "ejected" && (from === "healthy" || from === "suspect");
  if (isBack || isLeft) swings(watched, target, { atMs, isBack }, violate);
  if (!isLeft || isGuilty(watched, target.provider, atMs)) return;
  violate("I9", `${target.id} was ejected at ${atMs} and had no fault`);
}

/** Who has limits of its own comes and goes by its load. */
function swings(
  { providers }: Watched,
  target: Target,
  { atMs, isBack }: { readonly atMs: number; readonly isBack: boolean },
  violate: Violate,
): void {
  const { id, provider, onsets, edges, periodMs, left, turned } = target;
  if (isLimited(providers.find(({ name }) => name === provider))) return;
  if (isBack) target.healed++;
  const begun = countUntil(onsets, atMs);
  if (target.healed > begun)
    violate("I8", `${id} is back for the ${target.healed}. time at ${atMs}, sick ${begun} times`);
  turned.push(atMs);
  const recent = turned.filter((each) => atMs - each < STEADY_MS).length;
  const isSteady = countUntil(edges, atMs) === countUntil(edges, atMs - STEADY_MS);
  if (isSteady && recent > STEADY_CHANGES_MAX)
    violate("I8", `${id} turned ${recent} times in the ten minutes before ${atMs}`);
  if (isBack || periodMs === Number.POSITIVE_INFINITY) return;
  left.push(atMs);
  const sinceMs = atMs - (left[0] ?? atMs) + NOTICED_MS;
  const most = 1 + sinceMs / Math.max(FLAPPING_MS, periodMs);
  if (left.length > most) violate("I8", `${id} was left ${left.length} times by ${atMs}`);
}

function countUntil(times: readonly number[], atMs: number): number {
  return times.filter((each) => each <= atMs).length;
}

/** A fault of the provider's own hit it just before; or it has limits of its own, and may fail under load. */
function isGuilty({ providers, faults }: Watched, name: string, atMs: number): boolean {
  const provider = providers.find((one) => one.name === name);
  if (provider === undefined) return false;
  if (isLimited(provider)) return true;
  return [...provider.faults, ...faults].some(
    (fault) => aims(fault, name) && !isInnocent(fault) && fault.atMs <= atMs && atMs < endOf(fault) + AFTERMATH_MS,
  );
}

function isLimited(provider: SimProvider | undefined): boolean {
  return provider?.supply?.capacityPerS !== undefined || provider?.supply?.concurrency !== undefined;
}

function aims({ on }: ScheduledFault, name: string): boolean {
  return on.length === 0 || on.some((aim) => aim === "*" || aim.split("/", 1)[0] === name);
}

function endOf({ atMs, forMs, everyMs }: ScheduledFault): number {
  return everyMs === undefined ? atMs + forMs : Number.POSITIVE_INFINITY;
}
