// Plays one trace under each stock rule and under Holdfast. Faults, calls and providers are the same for all; what a rule
// sends differs, so chance falls on other requests.

import { CancelSource } from "../src/core/cancel.ts";
import { playDrill } from "../src/sim/drill.ts";
import { drillCall } from "../src/sim/drill-client.ts";
import { faultWindow } from "../src/sim/drill-tally.ts";
import { randomStream } from "../src/sim/random.ts";
import { readScenario, type Scenario } from "../src/sim/scenario.ts";
import { schedule, type TimedAsk, trafficOf } from "../src/sim/traffic.ts";
import { bareEngine, isRetried } from "../src/sim/without.ts";
import { createWorld, type World } from "../src/sim/world.ts";
import { cockatielGuard, type Guard, opossumGuard } from "./packages.ts";
import { consecutive, forgetful, halfWindow, type StockRule } from "./stock-rules.ts";
import { inVirtualTime } from "./virtual-globals.ts";

export interface Trace {
  readonly title: string;
  /** The rest of a scenario's fault line. */
  readonly fault: string;
  readonly ratePerS: number;
  /** How long the fault lasts; default 300. */
  readonly seconds?: number;
}

export interface Row {
  readonly rule: string;
  readonly successRate: number;
  readonly attemptsPerCall: number;
  readonly sickAttemptsPerCall: number;
  readonly returnTo90Ms: number | null;
}

const TARGETS = 3;
const ATTEMPTS = 3;
const SLOW_START_MS = 60_000;
const CALM_S = 60;
const AFTER_S = 360;
const RETURN_WINDOW_MS = 10_000;

export function traceOf({ fault, ratePerS, seconds = 300 }: Trace): Scenario {
  const provider = (dialect: string) =>
    `{ dialect: ${dialect}, first-token: 400ms, tokens-per-second: 100, words: 8, errors: 0.5% }`;
  const text = `name: differential
description: One of the traces that rules are compared on.
traffic: { rate: ${ratePerS}, seconds: ${CALM_S + seconds + AFTER_S}, stream: 80%, tenants: 5 }
providers:
  alpha: ${provider("anthropic-messages")}
  beta: ${provider("openai-chat")}
  gamma: ${provider("anthropic-messages")}
routes:
  chat: { targets: [alpha/m, beta/m, gamma/m] }
faults:
  - { on: alpha, at: ${CALM_S}s, for: ${seconds}s, ${fault} }
gates:
  lost: "==0"
`;
  const read = readScenario(text, { file: "differential.yaml", name: "differential" });
  if (!read.ok) throw new Error(read.problems.map(({ message }) => message).join("; "));
  return read.scenario;
}

export async function playTraces(scenario: Scenario, seed: number): Promise<readonly Row[]> {
  const holdfast = await playDrill(scenario, { seed, stopwatch: () => 0 });
  const { successRate, attemptsPerCall } = holdfast.without;
  return [
    {
      rule: "three SDK attempts",
      successRate,
      attemptsPerCall,
      sickAttemptsPerCall: attemptsPerCall,
      returnTo90Ms: null,
    },
    await playRule("failover alone", forgetful(), scenario, seed),
    await playRule("five in a row", consecutive(TARGETS, 0), scenario, seed),
    await playRule("five in a row, slow start", consecutive(TARGETS, SLOW_START_MS), scenario, seed),
    await playRule("half of a window", halfWindow(TARGETS), scenario, seed),
    await playPackage("cockatiel, five in a row", () => cockatielGuard("consecutive"), scenario, seed),
    await playPackage("cockatiel, a fifth of 30 s", () => cockatielGuard("sampling"), scenario, seed),
    await playPackage("opossum", opossumGuard, scenario, seed),
    { ...holdfast, rule: "**Holdfast**" },
  ];
}

interface Walked {
  readonly atMs: number;
  readonly ok: boolean;
  readonly attempts: number;
  readonly onFirst: number;
  readonly beganAtFirst: boolean;
}

async function playRule(name: string, rule: StockRule, scenario: Scenario, seed: number): Promise<Row> {
  const world = createWorld({ seed, providers: scenario.providers, faults: scenario.faults });
  const engines = Array.from({ length: TARGETS }, (_, place) => bareEngine(scenario, world, place));
  const random = randomStream(seed, "rule");
  const calls: Walked[] = [];
  const walk = async (ask: TimedAsk): Promise<void> => {
    let attempts = 0;
    let onFirst = 0;
    let beganAtFirst = false;
    let ok = false;
    for (const [place, engine] of engines.entries()) {
      if (ok || attempts >= ATTEMPTS || !rule.admits(place, world.clock.now(), random())) continue;
      if (attempts === 0) beganAtFirst = place === 0;
      attempts++;
      if (place === 0) onFirst++;
      const id = `${ask.id}.${place}`;
      // A tenant of its own, so that the engine remembers nothing from one call to the next.
      const reply = await engine().answer(drillCall({ ...ask, id, tenant: id }), new CancelSource());
      ok = reply.ok;
      rule.ended(place, reply.ok || !isRetried(reply), world.clock.now());
      if (reply.ok) while ((await reply.frames.read()) !== undefined);
    }
    calls.push({ atMs: ask.atMs, ok, attempts, onFirst, beganAtFirst });
  };
  schedule(world.clock, trafficOf(scenario, seed), (ask) => void walk(ask));
  await world.run(Number.POSITIVE_INFINITY);
  return rowOf(name, calls, scenario);
}

/** A package's breaker around each target; the walk is the same. */
async function playPackage(name: string, guardOf: () => Guard, scenario: Scenario, seed: number): Promise<Row> {
  const world = createWorld({ seed, providers: scenario.providers, faults: scenario.faults });
  const calls = await inVirtualTime(world.clock, () => walkGuarded(world, guardOf, scenario, seed));
  return rowOf(name, calls, scenario);
}

async function walkGuarded(
  world: World,
  guardOf: () => Guard,
  scenario: Scenario,
  seed: number,
): Promise<readonly Walked[]> {
  const engines = Array.from({ length: TARGETS }, (_, place) => bareEngine(scenario, world, place));
  const guards = engines.map(guardOf);
  const calls: Walked[] = [];
  const walk = async (ask: TimedAsk): Promise<void> => {
    const call = { atMs: ask.atMs, ok: false, attempts: 0, onFirst: 0, beganAtFirst: false };
    for (const [place, engine] of engines.entries()) {
      const guard = guards[place];
      if (call.ok || call.attempts >= ATTEMPTS || guard === undefined) continue;
      const attempt = async (): Promise<boolean> => {
        if (call.attempts === 0) call.beganAtFirst = place === 0;
        call.attempts++;
        if (place === 0) call.onFirst++;
        const id = `${ask.id}.${place}`;
        const reply = await engine().answer(drillCall({ ...ask, id, tenant: id }), new CancelSource());
        if (reply.ok) while ((await reply.frames.read()) !== undefined);
        return reply.ok || !isRetried(reply);
      };
      call.ok = (await guard.run(attempt)) === true;
    }
    calls.push(call);
  };
  schedule(world.clock, trafficOf(scenario, seed), (ask) => void walk(ask));
  // opossum turns its window by an interval that never ends by itself: a minute after the traffic nothing else is left.
  await world.run((scenario.traffic.seconds + 60) * 1_000);
  return calls;
}

function rowOf(rule: string, calls: readonly Walked[], scenario: Scenario): Row {
  const { fromMs, untilMs } = faultWindow(scenario);
  const within = calls.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs);
  const mean = (of: (call: Walked) => number): number =>
    within.reduce((total, call) => total + of(call), 0) / Math.max(1, within.length);
  return {
    rule,
    successRate: mean(({ ok }) => (ok ? 1 : 0)),
    attemptsPerCall: mean(({ attempts }) => attempts),
    sickAttemptsPerCall: mean(({ onFirst }) => onFirst),
    returnTo90Ms: returnedMs(calls, untilMs),
  };
}

/** The first second after the fault from which nine of ten calls of ten seconds began at the first target. */
function returnedMs(calls: readonly Walked[], healedMs: number): number | null {
  for (let ms = 0; ms < (AFTER_S - 10) * 1_000; ms += 1_000) {
    const within = calls.filter(({ atMs }) => atMs >= healedMs + ms && atMs < healedMs + ms + RETURN_WINDOW_MS);
    const there = within.filter(({ beganAtFirst }) => beganAtFirst).length;
    if (within.length > 0 && there >= within.length * 0.9) return ms;
  }
  return null;
}
