// Turns the facts of calls into the ledger's counts and records, in memory, as they come. It is run for every call, so it
// allocates nothing for one that went well; writing is `ledger.ts`, once a second.

import { FAULTS, type FaultKind } from "../../core/fault.ts";
import type { GatewayEvent } from "../../core/gateway-event.ts";
import type { Usage } from "../../core/usage.ts";
import type { CallReader } from "../follow-calls.ts";
import { servingAttempt, type TrackedAttempt, type TrackedCall } from "../tracked-call.ts";
import { classOf, isFailure } from "./classify.ts";
import { type Facts, splitTarget } from "./facts.ts";
import { ATTEMPT, bucketOf, CALL, type CallField, FIRST_AT, SECOND_AT, type Vector } from "./fields.ts";
import { createRecords, type Records } from "./records.ts";
import { createSeriesBook, type Series, type SeriesBook } from "./series.ts";

type Event<Type extends GatewayEvent["type"]> = Extract<GatewayEvent, { type: Type }>;

export interface Gathering {
  readonly read: CallReader;
  /** For facts that belong to no call that is followed. */
  readonly see: (event: GatewayEvent) => void;
  readonly series: SeriesBook;
  readonly records: Records;
}

export interface GatherOptions {
  readonly facts: Facts;
  /** Milliseconds since the Unix epoch. */
  wallMs(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** There is something to store. */
  changed(): void;
}

/** Of the calls that went well, those that are recorded one by one. */
const SAMPLED = 0.001;
/** A call that goes past its first target is taken for hit while that target failed others within this time. */
const TROUBLE_MS = 300_000;
const TARGETS_MAX = 2_000;
const MINUTE_MS = 60_000;

export function createGathering(options: GatherOptions): Gathering {
  const { wallMs, changed } = options;
  const series = createSeriesBook();
  const records = createRecords();
  const trouble = createTrouble();
  const context: Context = { ...options, series, records, trouble };
  return {
    series,
    records,
    read: {
      "attempt-end"(event, call) {
        onAttempt(context, event, call);
        changed();
      },
      "call-end"(event, call) {
        onCall(context, event, call);
        changed();
      },
    },
    see(event) {
      if (event.type === "belief") trouble.believed(event.target, event.state !== "healthy");
      if (event.type !== "probe") return;
      onOwn(context, event, wallMs());
      changed();
    },
  };
}

interface Context extends GatherOptions {
  readonly series: SeriesBook;
  readonly records: Records;
  readonly trouble: Trouble;
}

function add(vector: Vector, field: number, by: number): void {
  vector[field] = (vector[field] ?? 0) + by;
}

/** When it was, by the wall. */
function wallOf(atMs: number, { start, startedWallMs }: TrackedCall): number {
  return startedWallMs + (atMs - start.atMs);
}

interface Asked {
  readonly target: string;
  readonly account?: string | undefined;
}

interface ForWhom {
  readonly route: string;
  readonly tenant: string;
}

/** Holdfast itself. */
const NOBODY: ForWhom = { route: "", tenant: "" };

function attemptSeries(
  { series, facts }: Context,
  { target, account = "" }: Asked,
  { route, tenant }: ForWhom,
  atWallMs: number,
): Series {
  const ofKey = series.step(series.step(series.root.attempts, target), account);
  const branch = series.step(series.step(ofKey, route), tenant);
  const minute = Math.floor(atWallMs / MINUTE_MS);
  const known = series.at(branch, minute);
  if (known !== undefined) return known;
  const [provider, model] = splitTarget(target);
  const region = facts.region(provider);
  return series.named(branch, minute, { kind: "attempts", provider, account, region, model, route, tenant });
}

function callSeries({ series }: Context, provider: string, { start }: TrackedCall, atWallMs: number): Series {
  const { route, tenant } = start;
  const branch = series.step(series.step(series.step(series.root.calls, provider), route), tenant);
  const minute = Math.floor(atWallMs / MINUTE_MS);
  const known = series.at(branch, minute);
  if (known !== undefined) return known;
  return series.named(branch, minute, { kind: "calls", provider, account: "", region: "", model: "", route, tenant });
}

function onAttempt(context: Context, event: Event<"attempt-end">, call: TrackedCall): void {
  const { start } = call;
  const { target, fault, status, usage, tookMs, firstContentMs, pausedMs } = event;
  const atWallMs = wallOf(event.atMs, call);
  const found = attemptSeries(context, event, start, atWallMs);
  const { vector } = found;
  const outcome = classOf(fault, status);
  add(vector, ATTEMPT[outcome], 1);
  if (usage !== undefined) addUsage(vector, usage, context.facts.costNano(target, usage, atWallMs));
  if (start.stream && firstContentMs !== undefined) {
    add(vector, FIRST_AT + bucketOf(firstContentMs), 1);
    const flowMs = tookMs - firstContentMs - pausedMs;
    const tokens = usage?.outputTokens ?? 0;
    if (fault === undefined && tokens > 1 && flowMs > 0)
      add(vector, SECOND_AT + bucketOf((1_000 * tokens) / flowMs), 1);
  }
  if (!isFailure(outcome)) return;
  context.trouble.failed(target, event.atMs);
  context.records.attempt({ event, series: found, atWallMs, outcome });
}

function addUsage(vector: Vector, usage: Usage, costNano: number | undefined): void {
  add(vector, ATTEMPT.inputTokens, usage.inputTokens ?? 0);
  add(vector, ATTEMPT.outputTokens, usage.outputTokens ?? 0);
  if (usage.cacheReadTokens) add(vector, ATTEMPT.cacheReadTokens, usage.cacheReadTokens);
  if (usage.cacheWriteTokens) add(vector, ATTEMPT.cacheWriteTokens, usage.cacheWriteTokens);
  if (usage.reasoningTokens) add(vector, ATTEMPT.reasoningTokens, usage.reasoningTokens);
  if (costNano === undefined) add(vector, ATTEMPT.unpriced, 1);
  else add(vector, ATTEMPT.costNano, costNano);
}

/** A probe or a canary: its provider owes it an answer like any other, and no client waited for it. */
function onOwn(context: Context, event: Event<"probe">, atWallMs: number): void {
  const { target, canary, ok, fault, status, usage } = event;
  const found = attemptSeries(context, event, NOBODY, atWallMs);
  const { vector } = found;
  const outcome = ok ? "ok" : classOf(fault, status);
  add(vector, ATTEMPT[outcome], 1);
  add(vector, canary === true ? ATTEMPT.canaries : ATTEMPT.probes, 1);
  if (!ok) add(vector, canary === true ? ATTEMPT.canariesFailed : ATTEMPT.probesFailed, 1);
  if (usage !== undefined) addUsage(vector, usage, context.facts.costNano(target, usage, atWallMs));
  if (isFailure(outcome)) {
    context.records.attempt({ event: { ...event, number: 1 }, series: found, atWallMs, outcome });
  }
}

function onCall(context: Context, event: Event<"call-end">, call: TrackedCall): void {
  const { start } = call;
  const culprit = culpritOf(context, event, call) ?? "";
  const outcome = outcomeOf(event, culprit !== "");
  const atWallMs = wallOf(event.atMs, call);
  const found = callSeries(context, culprit, call, atWallMs);
  const { vector } = found;
  add(vector, CALL[outcome], 1);
  if (start.stream && event.firstContentMs !== undefined) add(vector, FIRST_AT + bucketOf(event.firstContentMs), 1);
  const spent = costsOf(context.facts, call, atWallMs);
  if (spent.nano > 0) add(vector, CALL.costNano, spent.nano);
  if (outcome === "answered" && event.servedBy === "cache") add(vector, CALL.cached, 1);
  if (outcome === "answered" || outcome === "callerErrors") {
    if (outcome === "answered" && context.random() < SAMPLED) recordWhole(context, { event, call, found, atWallMs });
    return;
  }
  onHit(context, { event, call, culprit, outcome, found, atWallMs, spent });
}

interface Hit {
  readonly event: Event<"call-end">;
  readonly call: TrackedCall;
  readonly culprit: string;
  readonly outcome: CallField;
  readonly found: Series;
  readonly atWallMs: number;
  readonly spent: Costs;
}

function onHit({ facts, records }: Context, { event, call, culprit, outcome, found, atWallMs, spent }: Hit): void {
  const { vector } = found;
  const { start } = call;
  let addedMs = 0;
  if (outcome === "left") {
    if (culprit === "") return;
    add(vector, CALL.leftHit, 1);
  } else if (outcome === "rescued") {
    const serving = servingAttempt(call);
    addedMs = Math.max(0, event.tookMs - (serving?.end?.tookMs ?? event.tookMs));
    add(vector, CALL.addedMs, addedMs);
    add(vector, SECOND_AT + bucketOf(addedMs), 1);
    addExtra(vector, spent, normalCost(facts, call, serving, atWallMs));
  } else if (outcome === "refused" || outcome === "broken" || outcome === "canned") {
    const value = facts.valueUsd(start.route);
    if (value !== undefined) {
      add(vector, CALL.lostNano, value * 1e9);
      add(vector, CALL.lostValued, 1);
    }
  }
  records.call({ event, call, series: found, outcome, atWallMs, addedMs });
}

function recordWhole({ records }: Context, one: Pick<Hit, "event" | "call" | "found" | "atWallMs">): void {
  const { event, call, found, atWallMs } = one;
  records.call({ event, call, series: found, outcome: "answered", atWallMs, addedMs: 0 });
  const serving = servingAttempt(call)?.end;
  if (serving === undefined) return;
  records.sample({ event: serving, call, atWallMs: wallOf(serving.atMs, call) });
}

interface Costs {
  readonly nano: number;
  /** Some of it has no known price. */
  readonly unknown: boolean;
}

function costsOf(facts: Facts, { attempts }: TrackedCall, atWallMs: number): Costs {
  let nano = 0;
  let unknown = false;
  for (const { end } of attempts) {
    if (end?.usage === undefined) continue;
    const cost = facts.costNano(end.target, end.usage, atWallMs);
    if (cost === undefined) unknown = true;
    else nano += cost;
  }
  return { nano, unknown };
}

/** What the first target would have asked for the same answer. */
function normalCost(
  facts: Facts,
  { start }: TrackedCall,
  serving: TrackedAttempt | undefined,
  atWallMs: number,
): number | undefined {
  const primary = facts.primary(start.route, start.model);
  const usage = serving?.end?.usage;
  return primary === undefined || usage === undefined ? undefined : facts.costNano(primary, usage, atWallMs);
}

function addExtra(vector: Vector, spent: Costs, normalNano: number | undefined): void {
  if (normalNano === undefined || spent.unknown) add(vector, CALL.extraUnknown, 1);
  else if (spent.nano >= normalNano) add(vector, CALL.extraNano, spent.nano - normalNano);
  else add(vector, CALL.sparedNano, normalNano - spent.nano);
}

/** The provider whose failure a call met first, as far as it met one. */
function culpritOf({ facts, trouble }: Context, event: Event<"call-end">, call: TrackedCall): string | undefined {
  const { start, attempts } = call;
  for (const { end } of attempts) {
    if (end !== undefined && isFailure(classOf(end.fault, end.status))) return splitTarget(end.target)[0];
  }
  const first = attempts[0]?.start.target ?? facts.primary(start.route, start.model) ?? event.target;
  const late = event.fault === "deadline-exceeded";
  if (late || isProvidersFault(event.fault) || isLastResort(event)) return first && splitTarget(first)[0];
  if (event.servedBy !== "target" || event.target === undefined) return undefined;
  // Went past its first target without asking it: because of trouble there, or because somebody wanted it so.
  const primary = facts.primary(start.route, start.model);
  if (primary === undefined || primary === event.target) return undefined;
  return !isAsked(attempts, primary) && trouble.isSick(primary, event.atMs) ? splitTarget(primary)[0] : undefined;
}

function isAsked(attempts: TrackedCall["attempts"], target: string): boolean {
  return attempts.some(({ start }) => start.target === target);
}

function isProvidersFault(fault: FaultKind | undefined): boolean {
  return fault !== undefined && (FAULTS[fault].blame === "provider" || FAULTS[fault].blame === "network");
}

function isLastResort({ degraded }: Event<"call-end">): boolean {
  return degraded === "stale" || degraded === "local" || degraded === "canned" || degraded === "deferred";
}

const OURS: ReadonlySet<FaultKind> = new Set<FaultKind>(["busy", "draining", "bug", "superseded"]);

function outcomeOf({ ending, fault, degraded }: Event<"call-end">, isHit: boolean): CallField {
  if (ending === "cancelled") return "left";
  if (ending === "complete") {
    if (degraded === "stale" || degraded === "local" || degraded === "canned" || degraded === "deferred")
      return degraded;
    return isHit ? "rescued" : "answered";
  }
  if (fault !== undefined && OURS.has(fault)) return "ours";
  if (fault !== undefined && FAULTS[fault].blame === "caller") return "callerErrors";
  return ending;
}

interface Trouble {
  failed(target: string, atMs: number): void;
  believed(target: string, isSick: boolean): void;
  isSick(target: string, atMs: number): boolean;
}

function createTrouble(): Trouble {
  const failedMs = new Map<string, number>();
  const sick = new Set<string>();
  return {
    failed(target, atMs) {
      if (failedMs.size >= TARGETS_MAX) failedMs.clear();
      failedMs.set(target, atMs);
    },
    believed(target, isSick) {
      if (!isSick) sick.delete(target);
      else if (sick.size < TARGETS_MAX) sick.add(target);
    },
    isSick: (target, atMs) =>
      sick.has(target) || atMs - (failedMs.get(target) ?? Number.NEGATIVE_INFINITY) < TROUBLE_MS,
  };
}
