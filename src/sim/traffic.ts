// Who calls when in a drill: Poisson arrivals, drawn from a stream of their own, so that the same seed asks the same of
// every engine that is compared.

import type { Clock } from "../core/runtime.ts";
import type { DrillAsk } from "./drill-client.ts";
import { randomStream } from "./random.ts";
import type { Scenario } from "./scenario.ts";

export interface TimedAsk extends DrillAsk {
  readonly atMs: number;
}

export function* trafficOf({ traffic, model }: Scenario, seed: number): Generator<TimedAsk> {
  const random = randomStream(seed, "traffic");
  const { ratePerS, seconds, stream, tools, tenants, dialect } = traffic;
  let atMs = 0;
  for (let number = 1; ; number++) {
    atMs += (-Math.log(1 - random()) * 1_000) / ratePerS;
    if (atMs >= seconds * 1_000) return;
    const asksStream = random() < stream;
    const asksTools = random() < tools;
    const tenant = `tenant${number % tenants}`;
    // A pattern's star is any model of it.
    const name = model.replace("*", "x");
    yield { atMs, id: `call_${number}`, dialect, model: name, stream: asksStream, tools: asksTools, tenant };
  }
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
