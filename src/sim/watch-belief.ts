// What a gateway may believe: I7 the way back, I8 no swinging, I9 nobody is left without reason.

import type { BeliefCell } from "../core/cell.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import { identityOf } from "../engine/keyed-target.ts";
import type { FaultScriptKind, ScheduledFault } from "./fault-script.ts";
import type { Rules, Violate, Watched } from "./watch.ts";

const MINUTE_MS = 60_000;
/** Every 5 s; and where calls are seldom one each, at most 0.4 a second, which is another 24. */
const PROBES_A_MINUTE_MAX = 40;
/** How long after its end a fault may still be held against its provider: timeouts, then what was in flight. */
const AFTERMATH_MS = 120_000;
const CUT = 0.7;
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

interface Target {
  readonly id: string;
  readonly provider: string;
  readonly cell: BeliefCell;
  admission: number;
  windowSinceMs: number;
  cuts: number;
  healed: number;
  readonly probesAtMs: number[];
}

export function beliefRules(watched: Watched, violate: Violate): Rules {
  const targets = new Map(targetsOf(watched).map((target) => [target.id, target]));
  return {
    see(event) {
      if (event.type === "probe") probed(targets.get(event.target), event, violate);
      else if (event.type === "belief") changed(watched, targets.get(event.target), event, violate);
    },
    tick(nowMs) {
      for (const target of targets.values()) climbs(target, nowMs, violate);
    },
    atRest() {
      for (const { id, provider, healed } of targets.values()) {
        const edges = edgesOf(watched, provider);
        if (healed > edges) violate("I8", `${id} came back ${healed} times, with ${edges} edges of faults`);
      }
    },
  };
}

function targetsOf({ settings, cells }: Watched): Target[] {
  return settings.routes
    .flatMap(({ targets }) => targets)
    .flatMap(({ provider: name, model }) => {
      const provider = settings.providers.find((one) => one.name === name);
      if (provider === undefined) return [];
      const cell = cells.belief(identityOf(provider, model));
      const fresh = { admission: 1, windowSinceMs: 0, cuts: 0, healed: 0, probesAtMs: [] };
      return [{ id: `${name}/${model}`, provider: name, cell, ...fresh }];
    });
}

type Probe = Extract<GatewayEvent, { type: "probe" }>;

function probed(target: Target | undefined, { atMs }: Probe, violate: Violate): void {
  if (target === undefined) return;
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
  if (from === "ramp" && state === "healthy") target.healed++;
  if (state !== "ejected" || (from !== "healthy" && from !== "suspect")) return;
  if (isGuilty(watched, target.provider, atMs)) return;
  violate("I9", `${target.id} was ejected at ${atMs} and had no fault`);
}

/** A fault of the provider's own hit it just before; or it has limits of its own, and may fail under load. */
function isGuilty({ providers, faults }: Watched, name: string, atMs: number): boolean {
  const provider = providers.find((one) => one.name === name);
  if (provider === undefined) return false;
  if (provider.supply?.capacityPerS !== undefined || provider.supply?.concurrency !== undefined) return true;
  return [...provider.faults, ...faults].some(
    (fault) => aims(fault, name) && !isInnocent(fault) && fault.atMs <= atMs && atMs < endOf(fault) + AFTERMATH_MS,
  );
}

function isInnocent({ kind, status }: ScheduledFault): boolean {
  return INNOCENT.has(kind) || (kind === "status" && status !== undefined && status < 500);
}

function aims({ on }: ScheduledFault, name: string): boolean {
  return on.length === 0 || on.some((aim) => aim === "*" || aim.split("/", 1)[0] === name);
}

function endOf({ atMs, forMs, everyMs }: ScheduledFault): number {
  return everyMs === undefined ? atMs + forMs : Number.POSITIVE_INFINITY;
}

/** Beginnings and ends; what comes back by itself has as many as it likes. */
function edgesOf({ providers, faults }: Watched, name: string): number {
  const own = providers.find((one) => one.name === name);
  const all = [...(own?.faults ?? []), ...faults].filter((fault) => aims(fault, name));
  const supply = own?.supply;
  if (supply?.capacityPerS !== undefined || supply?.concurrency !== undefined) return Number.POSITIVE_INFINITY;
  return all.some(({ everyMs }) => everyMs !== undefined) ? Number.POSITIVE_INFINITY : 2 * all.length;
}
