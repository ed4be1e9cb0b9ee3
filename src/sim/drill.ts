// Plays a scenario: the real engine in the virtual world, the same traffic without it, and the verdict of the gates. One
// seed gives one result, its digest included.

import { createEngine } from "../engine/engine.ts";
import { startPulse } from "../engine/pulse.ts";
import { createChecker, type Invariant } from "./checkers.ts";
import { askAndRead, askAsSdk, type DrillAsk, drillCall, promptOf } from "./drill-client.ts";
import type { SeriesReader } from "./drill-series.ts";
import { createTally, type Figures } from "./drill-tally.ts";
import { randomStream } from "./random.ts";
import type { Gate, Scenario } from "./scenario.ts";
import { runTraffic } from "./traffic.ts";
import type { Sighting } from "./transport.ts";
import { createWatch, type Watch } from "./watch.ts";
import { playWithout, type Without } from "./without.ts";
import { createWorld } from "./world.ts";

export interface DrillResult extends Figures {
  readonly scenario: string;
  readonly seed: number;
  /** Null over real sockets. */
  readonly digest: string | null;
  readonly virtualSeconds: number;
  readonly wallMs: number;
  readonly invariants: readonly { readonly name: string; readonly held: boolean }[];
  readonly without: Without;
  readonly gates: readonly JudgedGate[];
}

export interface JudgedGate extends Gate {
  readonly found: number | null;
  readonly held: boolean;
}

/** So long after the last call its answers are over. */
const PULSE_MORE_S = 60;

export interface DrillOptions {
  readonly seed: number;
  /** A stopwatch of the real world, in milliseconds. */
  readonly stopwatch: () => number;
  /** Filled for a report that draws the run. */
  readonly series?: SeriesReader | undefined;
}

export async function playDrill(scenario: Scenario, { seed, stopwatch, series }: DrillOptions): Promise<DrillResult> {
  const beganMs = stopwatch();
  const played = await playWith(scenario, seed, series);
  const wallMs = Math.round(stopwatch() - beganMs);
  const without = await playWithout(scenario, seed, series?.seeWithout);
  return {
    scenario: scenario.name,
    seed,
    digest: played.digest,
    virtualSeconds: Math.round(played.virtualMs / 1_000),
    wallMs,
    ...played.figures,
    invariants: played.invariants.map(({ name, held }) => ({ name, held })),
    without,
    gates: scenario.gates.map((gate) => judge(gate, played.figures)),
  };
}

/** True when every gate and every invariant held. */
export function isPassed({ gates, invariants }: DrillResult): boolean {
  return gates.every(({ held }) => held) && invariants.every(({ held }) => held);
}

export interface Played {
  readonly digest: string;
  readonly virtualMs: number;
  readonly figures: Figures;
  readonly invariants: readonly Invariant[];
  /** Set for each call on the virtual clock: by the gateway, and by the providers and clients as well. */
  readonly timersPerCall: { readonly gateway: number; readonly all: number };
}

/** With Holdfast alone: what `playDrill` compares. */
export async function playWith(scenario: Scenario, seed: number, series?: Pick<SeriesReader, "see">): Promise<Played> {
  const { settings, providers, faults, clock: jumps } = scenario;
  const sighted = (sighting: Sighting): void => watch?.sighted(sighting);
  const world = createWorld({ seed, providers, faults, jumps, sighted, logMax: 0 });
  const attemptsMax = Math.max(
    // Last resorts are not among a call's attempts.
    ...settings.routes.map(({ attempts, lastResort = [] }) => attempts + lastResort.length),
  );
  const checker = createChecker({ attemptsMax: () => attemptsMax });
  const tally = createTally(scenario);
  let watch: Watch | undefined;
  const engine = createEngine({
    settings,
    runtime: world.runtime,
    maxOutput: () => 4_096,
    readers: [
      checker.see,
      (event) => watch?.see(event),
      tally.see,
      world.record,
      ...(series === undefined ? [] : [series.see]),
    ],
  });
  const { cells } = engine;
  const { seconds, agents } = scenario.traffic;
  // A conversation stays where an outage has moved it, for as long as its prompt is cached there.
  const untilMs = agents > 0 ? undefined : seconds * 1_000;
  const { inFlight } = world;
  watch = createWatch({ settings, providers, faults, cells, inFlight, jumps, untilMs, isRead: true });
  const client = { retries: scenario.traffic.retries, random: randomStream(seed, "client"), clock: world.clock };
  const send = async (ask: DrillAsk) => {
    const asked = await askAndRead(engine, drillCall(ask), true);
    const { status, heard } = asked;
    if (heard !== undefined) watch?.delivered({ call: ask.id, status, prompt: promptOf(ask), heard });
    return asked;
  };
  let corruptedToolCalls = 0;
  let clientRetries = 0;
  let asks = 0;
  // Where the machine sleeps the gateway watches its event loop, as a running one does.
  if (jumps.some(({ asleepMs }) => asleepMs > 0))
    world.clock.after((seconds + PULSE_MORE_S) * 1_000, startPulse(engine));
  runTraffic(world.clock, scenario, seed, async (ask) => {
    asks++;
    const { corrupt, retried } = await askAsSdk(send, ask, client);
    if (corrupt) corruptedToolCalls++;
    clientRetries += retried;
  });
  await world.run(Number.POSITIVE_INFINITY);
  checker.atRest({ inFlight: world.inFlight(), timers: world.timers() });
  watch.atRest();
  const { gateway, all } = world.armed();
  return {
    digest: world.digest(),
    virtualMs: world.clock.now(),
    figures: tally.figures({ corruptedToolCalls, clientRetries }),
    invariants: [...checker.invariants(), ...watch.invariants()],
    timersPerCall: { gateway: gateway / Math.max(1, asks), all: all / Math.max(1, asks) },
  };
}

/** What could not be measured is not held. */
export function judge(gate: Gate, figures: Figures): JudgedGate {
  const found = figures[gate.name];
  return { ...gate, found, held: found !== null && compare(found, gate) };
}

function compare(found: number, { comparison, limit }: Gate): boolean {
  switch (comparison) {
    case "<":
      return found < limit;
    case "<=":
      return found <= limit;
    case ">":
      return found > limit;
    case ">=":
      return found >= limit;
    case "==":
      return found === limit;
  }
}
