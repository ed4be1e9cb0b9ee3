// Who calls when in a drill: Poisson arrivals whatever becomes of earlier calls (open loop), and agents that ask again when
// they were answered and have thought (closed loop). Drawn from streams of their own, so that the same seed asks the same
// of every engine that is compared.

import type { Clock } from "../core/runtime.ts";
import type { DrillAsk } from "./drill-client.ts";
import { type Random, randomStream } from "./random.ts";
import type { Scenario } from "./scenario.ts";

export interface TimedAsk extends DrillAsk {
  readonly atMs: number;
}

/** Asks; resolves when the answer was read. */
export type Begin = (ask: TimedAsk) => Promise<void>;

/** All of a scenario's traffic, on the world's clock. */
export function runTraffic(clock: Clock, scenario: Scenario, seed: number, begin: Begin): void {
  schedule(clock, trafficOf(scenario, seed), (ask) => void begin(ask));
  const { agents } = scenario.traffic;
  for (let number = 1; number <= agents; number++) void runAgent({ clock, scenario, seed, number }, begin);
}

export function* trafficOf(scenario: Scenario, seed: number): Generator<TimedAsk> {
  const random = randomStream(seed, "traffic");
  const { ratePerS, seconds } = scenario.traffic;
  let atMs = 0;
  for (let number = 1; ; number++) {
    atMs += (-Math.log(1 - random()) * 1_000) / ratePerS;
    if (atMs >= seconds * 1_000) return;
    const { dialect, model, stream, tools, tenant } = mannerOf(scenario, number, random);
    yield { atMs, id: `call_${number}`, dialect, model, stream, tools, tenant };
  }
}

function mannerOf({ traffic, model }: Scenario, number: number, random: Random): Omit<DrillAsk, "id"> {
  const stream = random() < traffic.stream;
  const tools = random() < traffic.tools;
  const tenant = `tenant${number % traffic.tenants}`;
  // A pattern's star is any model of it.
  return { dialect: traffic.dialect, model: model.replace("*", "x"), stream, tools, tenant };
}

/** Lets each ask begin at its time on the world's clock; `begin` is called in order. */
export function schedule(clock: Clock, asks: Iterator<TimedAsk>, begin: (ask: TimedAsk) => void): void {
  const next = asks.next();
  if (next.done === true) return;
  clock.after(Math.max(0, next.value.atMs - clock.now()), () => {
    begin(next.value);
    schedule(clock, asks, begin);
  });
}

interface Agent {
  readonly clock: Clock;
  readonly scenario: Scenario;
  readonly seed: number;
  /** From 1. */
  readonly number: number;
}

/** One agent: conversations of so many turns, one after the other, until the traffic's time is over. */
async function runAgent({ clock, scenario, seed, number }: Agent, begin: Begin): Promise<void> {
  const random = randomStream(seed, `agent#${number}`);
  const { thinkMs, turns, seconds } = scenario.traffic;
  for (let conversation = 1; ; conversation++) {
    for (let turn = 0; turn < turns; turn++) {
      const thoughtMs = -Math.log(1 - random()) * thinkMs;
      await new Promise<void>((resolve) => clock.after(thoughtMs, resolve));
      const atMs = clock.now();
      if (atMs >= seconds * 1_000) return;
      const topic = `${number}.${conversation}`;
      await begin({ atMs, id: `agent_${topic}.${turn}`, topic, turn, ...mannerOf(scenario, number, random) });
    }
  }
}
