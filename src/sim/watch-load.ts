// What a gateway may send: I1 retries, I3 nothing left open, I4 bounds, I5 retry-after, I6 limits.

import { BUDGET_TOKENS_MAX } from "../core/cell.ts";
import { type FaultKind, RETRY_AFTER_MAX_MS } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import { retryAfterMs } from "../core/retry-after.ts";
import { identityOf } from "../engine/keyed-target.ts";
import type { Sighting } from "./transport.ts";
import type { Rules, Violate, Watched } from "./watch.ts";

const WINDOW_S = 60;
/** A retry-after is kept to its millisecond; what began before it came is another matter. */
const TRAVEL_MS = 5;
/** Limits are learnt by the first answers. */
const LEARNING = 5;
const MET_MAX = 0.02;
/** Dates in a script are long past. */
const NOWADAYS_MS = 1_790_000_000_000;
const KEY_REST_MS = 600_000;
const KEY_FAULTS: ReadonlySet<FaultKind> = new Set(["credential-rejected", "quota-exhausted"]);

type Of<Type extends GatewayEvent["type"]> = Extract<GatewayEvent, { type: Type }>;

interface Seen {
  readonly route: string;
  last: string;
  committed: boolean;
  started: number;
}

interface ProviderSeen {
  /** Same-domain retries and successes, by second modulo the window. */
  readonly retries: number[];
  readonly successes: number[];
  pausedFromMs: number;
  pausedUntilMs: number;
  /** By any refusal: whoever asked to be left alone is no better choice. */
  awayUntilMs: number;
  keyFaultMs: number;
  attempts: number;
  limited: number;
}

interface Load {
  readonly watched: Watched;
  readonly violate: Violate;
  readonly calls: Map<string, Seen>;
  readonly providers: ReadonlyMap<string, ProviderSeen>;
  /** Not healthy, or slow. */
  readonly down: Set<string>;
  open: number;
}

export function loadRules(watched: Watched, violate: Violate): Rules {
  const load: Load = {
    watched,
    violate,
    calls: new Map(),
    providers: new Map(watched.settings.providers.map(({ name }) => [name, emptyProvider()])),
    down: new Set(),
    open: 0,
  };
  return {
    see: (event) => see(load, event),
    sighted(sighting) {
      paused(load.providers.get(sighting.provider), sighting);
    },
    tick: (nowMs) => tick(load, nowMs),
    atRest: () => limitsMet(load),
  };
}

function see(load: Load, event: GatewayEvent): void {
  switch (event.type) {
    case "call-start":
      load.calls.set(event.call, { last: "", committed: false, route: event.route, started: 0 });
      return;
    case "attempt-start":
      begun(load, event);
      return;
    case "attempt-end":
      ended(load, event);
      return;
    case "call-commit": {
      const call = load.calls.get(event.call);
      if (call !== undefined) call.committed = true;
      return;
    }
    case "call-end":
      load.calls.delete(event.call);
      return;
    case "belief":
      mark(load.down, event.target, event.state !== "healthy");
      return;
    case "slow":
      mark(load.down, event.target, event.slow);
      return;
  }
}

function mark(set: Set<string>, target: string, is: boolean): void {
  if (is) set.add(target);
  else set.delete(target);
}

function begun(load: Load, event: Of<"attempt-start">): void {
  const call = load.calls.get(event.call);
  const name = providerOf(event.target);
  const provider = load.providers.get(name);
  if (call === undefined || provider === undefined) return;
  load.open++;
  call.started++;
  provider.attempts++;
  const again = call.last === event.target && !call.committed;
  if (again && isOneKeyed(load.watched, name)) count(provider.retries, event.atMs);
  if (call.started === 1) keptAway(load, event, call.route);
  call.last = event.target;
}

function ended(load: Load, { target, fault, atMs }: Of<"attempt-end">): void {
  load.open--;
  const provider = load.providers.get(providerOf(target));
  if (provider === undefined) return;
  if (fault === undefined) count(provider.successes, atMs);
  else if (fault === "rate-limited") provider.limited++;
  else if (KEY_FAULTS.has(fault)) provider.keyFaultMs = atMs;
}

function tick({ watched, violate, providers, open }: Load, nowMs: number): void {
  for (const [name, provider] of providers) {
    const retries = sumOf(provider.retries, nowMs);
    const allowed = BUDGET_TOKENS_MAX + 0.1 * sumOf(provider.successes, nowMs) + 1;
    if (retries > allowed) violate("I1", `${retries} retries at ${name} in the minute before ${nowMs}`);
  }
  const waiting = open + probing(watched);
  const inFlight = watched.inFlight();
  if (inFlight > waiting) violate("I3", `${inFlight} in flight for ${waiting} attempts and probes at ${nowMs}`);
  bounds(watched, nowMs, violate);
}

function limitsMet({ watched, violate, providers }: Load): void {
  for (const { name, supply, faults } of watched.providers) {
    const provider = providers.get(name);
    const hasOthers = [...faults, ...watched.faults].some(({ kind }) => kind === "rate-limit" || kind === "status");
    if (supply?.requestsPerMin === undefined || provider === undefined || hasOthers) continue;
    const allowed = LEARNING + MET_MAX * provider.attempts;
    if (provider.limited > allowed) violate("I6", `${provider.limited} of ${provider.attempts} at ${name} met it`);
  }
}

function emptyProvider(): ProviderSeen {
  const empty = () => new Array<number>(2 * WINDOW_S).fill(0);
  return {
    retries: empty(),
    successes: empty(),
    pausedFromMs: 0,
    pausedUntilMs: 0,
    awayUntilMs: 0,
    keyFaultMs: Number.NEGATIVE_INFINITY,
    attempts: 0,
    limited: 0,
  };
}

/** A ring of two numbers a second: the count, and the second that it is of. */
function count(ring: number[], atMs: number): void {
  const second = Math.floor(atMs / 1_000);
  const at = 2 * (second % WINDOW_S);
  ring[at] = ring[at + 1] === second ? (ring[at] ?? 0) + 1 : 1;
  ring[at + 1] = second;
}

function sumOf(ring: readonly number[], nowMs: number): number {
  const newest = Math.floor(nowMs / 1_000);
  let sum = 0;
  for (let at = 0; at < ring.length; at += 2) if ((ring[at + 1] ?? 0) > newest - WINDOW_S) sum += ring[at] ?? 0;
  return sum;
}

function providerOf(target: string): string {
  return target.slice(0, target.indexOf("/"));
}

function isOneKeyed({ settings }: Watched, name: string): boolean {
  return settings.providers.find((provider) => provider.name === name)?.keys.length === 1;
}

function probing({ settings, cells }: Watched): number {
  let count = 0;
  for (const { targets } of settings.routes) {
    for (const { provider: name, model } of targets) {
      const provider = settings.providers.find((one) => one.name === name);
      if (provider !== undefined && cells.belief(identityOf(provider, model)).probing) count++;
    }
  }
  return count;
}

function paused(provider: ProviderSeen | undefined, { status, retryAfter, atMs, endedAtMs = atMs }: Sighting): void {
  if (provider === undefined || (status ?? 0) < 400 || retryAfter === undefined) return;
  const ms = retryAfterMs({ "retry-after": retryAfter }, NOWADAYS_MS) ?? 0;
  provider.awayUntilMs = Math.max(provider.awayUntilMs, endedAtMs + Math.min(RETRY_AFTER_MAX_MS, ms));
  if (status !== 429 || endedAtMs + ms <= provider.pausedUntilMs) return;
  provider.pausedFromMs = endedAtMs + TRAVEL_MS;
  provider.pausedUntilMs = endedAtMs + Math.min(RETRY_AFTER_MAX_MS, ms);
}

function keptAway({ watched, providers, down, violate }: Load, event: Of<"attempt-start">, route: string): void {
  const { settings } = watched;
  const { atMs, target, call } = event;
  const asked = providerOf(target);
  const state = providers.get(asked);
  if (state === undefined || atMs < state.pausedFromMs || atMs >= state.pausedUntilMs) return;
  if (!isOneKeyed(watched, asked)) return;
  const others = settings.routes.find(({ name }) => name === route)?.targets ?? [];
  const leftMs = (watched.deadlineOf?.(call) ?? Number.POSITIVE_INFINITY) - atMs;
  const well = others.find(({ provider: name, model }) => {
    const other = providers.get(name);
    if (name === asked || other === undefined || down.has(`${name}/${model}`)) return false;
    // Who cannot answer in time is no better choice either.
    const firstTokenMs = watched.providers.find((provider) => provider.name === name)?.firstTokenMs ?? 0;
    if (leftMs < 2 * firstTokenMs) return false;
    return atMs >= other.awayUntilMs && atMs - other.keyFaultMs > KEY_REST_MS;
  });
  if (well !== undefined) violate("I5", `${call} went to ${target} at ${atMs}, paused until ${state.pausedUntilMs}`);
}

/** Every number that a rule may move is where it may be, whatever the clock did. */
function bounds({ settings, cells }: Watched, nowMs: number, violate: Violate): void {
  const within = (value: number, low: number, high: number, what: string): void => {
    // A comparison with NaN is false.
    if (!(value >= low && value <= high)) violate("I4", `${what} is ${value} at ${nowMs}`);
  };
  for (const provider of settings.providers) {
    within(cells.budget(provider.name).tokens, 0, BUDGET_TOKENS_MAX, `the retry budget of ${provider.name}`);
    within(cells.intake(`${provider.name}\n${provider.url}`).calls, 0, 1e6, `the intake of ${provider.name}`);
  }
  within(cells.probes.spentUsd, 0, 1e6, "what probes cost");
  for (const { name, targets } of settings.routes) {
    const { tried, answered, waiting } = cells.admission(name);
    within(answered, 0, tried + 1e-9, `what was answered of ${name}`);
    within(waiting, 0, 1e4, `who waits for ${name}`);
    const hedge = cells.hedge(name);
    within(hedge.calls, 0, 1e6, `the hedges of ${name}`);
    for (const { provider: of, model } of targets) {
      const provider = settings.providers.find((one) => one.name === of);
      if (provider === undefined) continue;
      const cell = cells.belief(identityOf(provider, model));
      within(cell.admission, 0, 1, `the admission of ${of}`);
      within(cell.score, 0, 1e4, `the score of ${of}`);
      within(cell.silence, 0, 1e4, `the silence of ${of}`);
      within(cell.attempted.perS, 0, 1e6, `the rate of ${of}`);
    }
  }
}
