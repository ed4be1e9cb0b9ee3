// The same traffic without Holdfast: an official SDK's own rules straight at the first provider. Three attempts, 0.5 s·2ⁿ
// up to 8 s with up to a quarter less, a `retry-after` up to a minute kept (openai-node and anthropic-sdk-typescript,
// `src/client.ts`); nothing is retried once headers have come.

import { CancelSource } from "../core/cancel.ts";
import { FAULTS, type FaultKind } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Reply } from "../core/reply.ts";
import { createEngine, type Engine } from "../engine/engine.ts";
import { drillCall } from "./drill-client.ts";
import { faultWindow } from "./drill-tally.ts";
import { randomStream } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import { schedule, trafficOf } from "./traffic.ts";
import { createWorld, type World } from "./world.ts";

const ATTEMPTS = 3;
const BASE_MS = 500;
const CAP_MS = 8_000;
const RETRY_AFTER_MAX_MS = 60_000;
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
  const world = createWorld({ seed, providers: scenario.providers, faults: scenario.faults });
  const engine = bareEngine(scenario, world);
  const random = randomStream(seed, "sdk");
  const { fromMs, untilMs } = faultWindow(scenario);
  let calls = 0;
  let succeeded = 0;
  let attempts = 0;
  schedule(world.clock, trafficOf(scenario, seed), (ask) => {
    const counts = ask.atMs >= fromMs && ask.atMs < untilMs;
    const one = async (): Promise<void> => {
      const { ok, tries } = await asSdk({ engine, world, random }, (number) =>
        // A tenant of its own, so that nothing is remembered from one try to the next.
        drillCall({ ...ask, id: `${ask.id}.${number}`, tenant: `${ask.id}.${number}` }),
      );
      saw?.(ask.atMs, ok);
      if (!counts) return;
      calls++;
      attempts += tries;
      if (ok) succeeded++;
    };
    void one();
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
    const backoffMs = Math.min(CAP_MS, BASE_MS * 2 ** (number - 1)) * (1 - 0.25 * random());
    const { retryAfterMs } = reply.fault;
    const waitMs = retryAfterMs !== undefined && retryAfterMs <= RETRY_AFTER_MAX_MS ? retryAfterMs : backoffMs;
    await new Promise<void>((resolve) => world.clock.after(waitMs, resolve));
  }
}

/** 408, 409, 429, 5xx and lost connections; what broke inside a 200 is not. */
export function isRetried(reply: Extract<Reply, { ok: false }>): boolean {
  const status = reply.trail.at(-1)?.status;
  if (status !== undefined) return status === 408 || status === 409 || status === 429 || status >= 500;
  const kind: FaultKind = reply.fault.kind;
  return FAULTS[kind].blame === "network" || kind === "first-token-timeout" || kind === "whole-timeout";
}
