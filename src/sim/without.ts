// The same traffic without Holdfast: an official SDK's own rules (`sdk.ts`) straight at the first provider, three attempts.

import { CancelSource } from "../core/cancel.ts";
import { FAULTS, type FaultKind } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Reply } from "../core/reply.ts";
import { createEngine, type Engine } from "../engine/engine.ts";
import { drillCall } from "./drill-client.ts";
import { faultWindow } from "./drill-tally.ts";
import { randomStream } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import { isRetriedStatus, sdkBackoffMs } from "./sdk.ts";
import { runTraffic } from "./traffic.ts";
import { createWorld, type World } from "./world.ts";

const ATTEMPTS = 3;
/** Both SDKs' own. */
const TIMEOUT_MS = 600_000;

export interface Without {
  readonly successRate: number;
  readonly attemptsPerCall: number;
}

/** `saw` is told of every call, when it began and whether it was answered. */
export async function playWithout(
  scenario: Scenario,
  seed: number,
  saw?: (atMs: number, ok: boolean) => void,
): Promise<Without> {
  const world = createWorld({ seed, providers: scenario.providers, faults: scenario.faults, logMax: 0 });
  const engine = bareEngine(scenario, world);
  const random = randomStream(seed, "sdk");
  const { fromMs, untilMs } = faultWindow(scenario);
  let calls = 0;
  let succeeded = 0;
  let attempts = 0;
  runTraffic(world.clock, scenario, seed, async (ask) => {
    const counts = ask.atMs >= fromMs && ask.atMs < untilMs;
    const { ok, tries } = await asSdk({ engine, world, random }, (number) =>
      // A tenant of its own, so that nothing is remembered from one try to the next.
      drillCall({ ...ask, id: `${ask.id}.${number}`, tenant: `${ask.id}.${number}` }),
    );
    saw?.(ask.atMs, ok);
    if (!counts) return;
    calls++;
    attempts += tries;
    if (ok) succeeded++;
  });
  await world.run(Number.POSITIVE_INFINITY);
  const share = (part: number): number => (calls === 0 ? 0 : Math.round((part / calls) * 1e6) / 1e6);
  return { successRate: share(succeeded), attemptsPerCall: share(attempts) };
}

/**
 * One target (the `place`th of the first route), one attempt, an SDK's own patience, no probes: what is left is the
 * provider. Belief would shed calls in an outage, so an engine that comes to hold one is replaced by a fresh one; ask for it
 * at each call.
 */
export function bareEngine({ settings }: Scenario, { runtime }: World, place = 0): () => Engine {
  const timeouts = {
    connectMs: 5_000,
    firstTokenMs: TIMEOUT_MS,
    wholeMs: TIMEOUT_MS,
    idleMs: TIMEOUT_MS,
    totalMs: TIMEOUT_MS,
  };
  const routes = settings.routes.slice(0, 1).map(({ cache: _cache, ...route }) => ({
    ...route,
    lastResort: [],
    targets: route.targets.slice(place, place + 1),
    timeouts,
    attempts: 1,
    retryWaitMs: 0,
  }));
  let engine: Engine | undefined;
  const doubt = ({ type }: GatewayEvent): void => {
    if (type === "belief") engine = undefined;
  };
  const bare = { ...settings, routes, probesUsdPerDay: 0 };
  return () => {
    engine ??= createEngine({ settings: bare, runtime, readers: [doubt] });
    return engine;
  };
}

interface Sdk {
  readonly engine: () => Engine;
  readonly world: World;
  readonly random: () => number;
}

async function asSdk(
  { engine, world, random }: Sdk,
  make: (number: number) => ReturnType<typeof drillCall>,
): Promise<{ readonly ok: boolean; readonly tries: number }> {
  for (let number = 1; ; number++) {
    const reply = await engine().answer(make(number), new CancelSource());
    if (reply.ok) {
      while ((await reply.frames.read()) !== undefined);
      return { ok: true, tries: number };
    }
    if (number === ATTEMPTS || !isRetried(reply)) return { ok: false, tries: number };
    const waitMs = sdkBackoffMs(number, reply.fault.retryAfterMs, random());
    await new Promise<void>((resolve) => world.clock.after(waitMs, resolve));
  }
}

/** 408, 409, 429, 5xx and lost connections; what broke inside a 200 is not. */
export function isRetried(reply: Extract<Reply, { ok: false }>): boolean {
  const status = reply.trail.at(-1)?.status;
  if (status !== undefined) return isRetriedStatus(status);
  const kind: FaultKind = reply.fault.kind;
  return FAULTS[kind].blame === "network" || kind === "first-token-timeout" || kind === "whole-timeout";
}
