// What `/metrics` says: counts and times of calls and attempts, made from their facts. Names, units and labels are a
// contract: docs/reference/metrics.md is generated from the table below.

import type { GatewayEvent } from "../core/gateway-event.ts";
import type { SloReading } from "../core/slo.ts";
import type { Usage } from "../core/usage.ts";
import { VERSION } from "../core/version.ts";
import {
  type Cell,
  CONTENT_TYPE,
  createCounter,
  createGauge,
  createHistogram,
  type Distribution,
  type Family,
} from "./exposition.ts";
import type { CallFollower, CallReader } from "./follow-calls.ts";
import { createLimitMetrics } from "./limit-metrics.ts";
import { servingAttempt, type TrackedCall } from "./tracked-call.ts";

export interface Metrics {
  readonly read: CallReader;
  /** A bug may belong to no call that is followed. */
  bug(): void;
  deferred(event: Event<"deferred">): void;
  readonly contentType: string;
  text(): string;
}

export interface MetricsOptions {
  readonly running: () => CallFollower["running"];
  /** When the gateway started, in milliseconds since the Unix epoch. */
  readonly startedWallMs: number;
  /** What an observer could not keep up with, by its name. */
  readonly dropped: () => Readonly<Record<string, number>>;
  /** Absent: there are no objectives. */
  readonly slos?: (() => readonly SloReading[]) | undefined;
}

/** Names of models come from clients where a route is a pattern: beyond this many targets one stands for all others. */
export const TARGETS_MAX = 200;
/** Routes come from the configuration, but reloads may rename them for ever. */
const ROUTES_MAX = 1_000;
export const OTHER = "other";

const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320];
const ADDED_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Rows of the reference page: name, type, labels, what it counts. */
export const METRICS = {
  calls: ["holdfast_calls_total", "route outcome served_by degraded", "Calls that ended."],
  faults: [
    "holdfast_call_faults_total",
    "route fault",
    "Calls that did not end complete, by the fault the client was told.",
  ],
  attempts: ["holdfast_attempts_total", "target fault", "Attempts that ended; fault is ok for those that succeeded."],
  firstToken: [
    "holdfast_time_to_first_token_seconds",
    "route",
    "From the start of a streamed call to its first content.",
  ],
  duration: [
    "holdfast_call_duration_seconds",
    "route",
    "From the start of a call to its end, of calls that were answered.",
  ],
  added: [
    "holdfast_added_latency_seconds",
    "route",
    "Time of an answered call less that of the attempt that answered: failed attempts, waits and Holdfast itself.",
  ],
  tokens: [
    "holdfast_tokens_total",
    "target kind",
    "Tokens that providers reported. input is the total, cache included.",
  ],
  waits: ["holdfast_retry_waits_total", "target", "Waits before an attempt at a target."],
  waited: [
    "holdfast_retry_wait_seconds_total",
    "target",
    "Time that calls were to wait before an attempt at a target.",
  ],
  underWay: ["holdfast_attempts_in_flight", "target", "Attempts begun and not yet ended: what bulkheads bound."],
  full: [
    "holdfast_target_full_total",
    "target",
    "Calls that passed a target over, because no more may be under way there.",
  ],
  shed: [
    "holdfast_calls_shed_total",
    "route criticality why",
    "Calls for which nothing was sent: no target is believed to answer (outage), none in time (deadline), or who would takes no more (headroom).",
  ],
  quotaLimit: [
    "holdfast_quota_limit",
    "target kind",
    "A rate limit, as the provider last told it of any key: requests, input, output, or tokens of both.",
  ],
  quotaLeft: ["holdfast_quota_remaining", "target kind", "What was left of it."],
  deferred: [
    "holdfast_deferred_total",
    "route state",
    "Deferred calls that came to this state; queued: that were deferred.",
  ],
  deferredWaiting: ["holdfast_deferred_waiting", "", "Deferred calls that wait for an answer, as of the last change."],
  sloBudget: [
    "holdfast_slo_budget_left",
    "slo route",
    "What is left of an objective's error budget: 1 is all of it, below 0 it is overspent.",
  ],
  sloBurn: [
    "holdfast_slo_burn_rate",
    "slo route window",
    "How fast it is spent: 1 spends it exactly within the objective's window.",
  ],
  inFlight: ["holdfast_calls_in_flight", "", "Calls begun and not yet ended."],
  openStreams: ["holdfast_open_streams", "", "Streamed calls whose response has begun and not yet ended."],
  bugs: ["holdfast_bugs_total", "", "Bugs in Holdfast that a call met. Please report them."],
  dropped: [
    "holdfast_observations_dropped_total",
    "reader",
    "What a reader of the facts had to drop to stay out of the way.",
  ],
  build: ["holdfast_build_info", "version", "Always 1."],
  start: ["holdfast_start_time_seconds", "", "When the gateway started, in seconds since the Unix epoch."],
} as const satisfies Record<string, readonly [string, string, string]>;

type Key = keyof typeof METRICS;

interface RouteCells {
  readonly label: string;
  readonly firstToken: Distribution;
  readonly duration: Distribution;
  readonly added: Distribution;
}

interface TargetCells {
  readonly label: string;
  readonly input: Cell;
  readonly output: Cell;
}

export function createMetrics({ running, startedWallMs, dropped, slos }: MetricsOptions): Metrics {
  const counters = createCounters();
  const times = createTimes();
  const limits = createLimitMetrics(
    {
      underWay: counter("underWay", "gauge"),
      full: counter("full"),
      shed: counter("shed"),
      quotaLimit: counter("quotaLimit", "gauge"),
      quotaLeft: counter("quotaLeft", "gauge"),
    },
    counters.labels,
  );
  const families: readonly Family[] = [
    ...Object.values(counters.families),
    ...Object.values(times.families),
    ...limits.families,
    gauge("inFlight", () => running().size),
    gauge("openStreams", () => openStreams(running())),
    gauge("start", () => startedWallMs / 1_000),
  ];
  return {
    contentType: CONTENT_TYPE,
    bug: counters.bug,
    deferred: counters.deferred,
    read: {
      "attempt-end"(event) {
        if (event.limits !== undefined) limits.told(event.target, event.limits);
        counters.attempt(event);
      },
      "retry-wait": counters.wait,
      "target-full": limits.full,
      "call-shed": limits.shed,
      "call-end"(event, call) {
        counters.call(event, call);
        if (call.target !== undefined) times.answered(event, call);
      },
    },
    text() {
      counters.dropped(dropped());
      limits.look(running());
      const all = [...families, ...sloFamilies(slos?.() ?? [])];
      return `${all.map((family) => family.text()).join("\n")}\n`;
    },
  };
}

type Event<Type extends GatewayEvent["type"]> = Extract<GatewayEvent, { type: Type }>;

function createCounters() {
  const families = {
    calls: counter("calls"),
    faults: counter("faults"),
    attempts: counter("attempts"),
    tokens: counter("tokens"),
    waits: counter("waits"),
    waited: counter("waited"),
    bugs: counter("bugs"),
    deferred: counter("deferred"),
    deferredWaiting: counter("deferredWaiting", "gauge"),
    dropped: counter("dropped"),
    build: counter("build", "gauge"),
  };
  const { tokens, waits, waited } = families;
  families.build.at(VERSION).value = 1;
  const bugs = families.bugs.at();
  const routes = createCapped(ROUTES_MAX, (label) => label);
  const targets = createCapped(
    TARGETS_MAX,
    (label): TargetCells => ({ label, input: tokens.at(label, "input"), output: tokens.at(label, "output") }),
  );
  const countTokens = ({ label, input, output }: TargetCells, usage: Usage): void => {
    input.value += usage.inputTokens ?? 0;
    output.value += usage.outputTokens ?? 0;
    if (usage.cacheReadTokens) tokens.at(label, "cache_read").value += usage.cacheReadTokens;
    if (usage.cacheWriteTokens) tokens.at(label, "cache_write").value += usage.cacheWriteTokens;
    if (usage.reasoningTokens) tokens.at(label, "reasoning").value += usage.reasoningTokens;
  };
  return {
    families,
    labels: { route: routes, target: (name: string) => targets(name).label },
    bug: () => void bugs.value++,
    deferred({ route, state, waiting }: Event<"deferred">): void {
      families.deferred.at(routes(route), state).value++;
      families.deferredWaiting.at().value = waiting;
    },
    call(end: Event<"call-end">, { start }: TrackedCall): void {
      const route = routes(start.route);
      families.calls.at(route, end.ending, end.servedBy ?? "", end.degraded ?? "").value++;
      if (end.fault !== undefined) families.faults.at(route, end.fault).value++;
    },
    attempt(end: Event<"attempt-end">): void {
      const target = targets(end.target);
      families.attempts.at(target.label, end.fault ?? "ok").value++;
      if (end.usage !== undefined) countTokens(target, end.usage);
    },
    wait({ target, delayMs }: Event<"retry-wait">): void {
      const { label } = targets(target);
      waits.at(label).value++;
      waited.at(label).value += delayMs / 1_000;
    },
    dropped(counts: Readonly<Record<string, number>>): void {
      for (const [reader, count] of Object.entries(counts)) families.dropped.at(reader).value = count;
    },
  };
}

function createTimes() {
  const firstToken = histogram("firstToken", SECONDS);
  const duration = histogram("duration", SECONDS);
  const added = histogram("added", ADDED_SECONDS);
  const routes = createCapped(
    ROUTES_MAX,
    (label): RouteCells => ({
      label,
      firstToken: firstToken.at(label),
      duration: duration.at(label),
      added: added.at(label),
    }),
  );
  return {
    families: { firstToken, duration, added },
    answered(end: Event<"call-end">, call: TrackedCall): void {
      const cells = routes(call.start.route);
      duration.observe(cells.duration, end.tookMs / 1_000);
      if (call.start.stream && end.firstContentMs !== undefined) {
        firstToken.observe(cells.firstToken, end.firstContentMs / 1_000);
      }
      const serving = servingAttempt(call)?.end;
      if (serving !== undefined) added.observe(cells.added, Math.max(0, end.tookMs - serving.tookMs) / 1_000);
    },
  };
}

function counter(key: Key, type: "counter" | "gauge" = "counter") {
  const [name, labels, help] = METRICS[key];
  return createCounter(name, help, labels === "" ? [] : labels.split(" "), type);
}

/** Made anew for each look: an objective that is gone leaves nothing behind. */
function sloFamilies(slos: readonly SloReading[]): readonly Family[] {
  const [budget, burn] = [counter("sloBudget", "gauge"), counter("sloBurn", "gauge")];
  for (const { name, route, budgetLeft, burn: rates } of slos) {
    budget.at(name, route).value = budgetLeft;
    for (const { over, rate } of rates) burn.at(name, route, over).value = rate;
  }
  return [budget, burn];
}

function histogram(key: Key, bounds: readonly number[]) {
  const [name, labels, help] = METRICS[key];
  return createHistogram(name, help, { labels: labels.split(" "), bounds });
}

function gauge(key: Key, read: () => number): Family {
  const [name, , help] = METRICS[key];
  return createGauge(name, help, read);
}

function openStreams(running: CallFollower["running"]): number {
  let open = 0;
  for (const { start, state } of running.values()) if (start.stream && state !== "running") open++;
  return open;
}

/** Cells by name; names beyond the limit share those of `other`. */
function createCapped<T>(limit: number, make: (label: string) => T): (name: string) => T {
  const known = new Map<string, T>();
  let other: T | undefined;
  return (name) => {
    const found = known.get(name);
    if (found !== undefined) return found;
    if (known.size >= limit) {
      other ??= make(OTHER);
      return other;
    }
    const made = make(name);
    known.set(name, made);
    return made;
  };
}
