// Our own event loop stands still in the virtual world: answers lie unread, and timers fire for calls that have been answered.
// Nobody is blamed for it.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { Body, Clock, Transport } from "../../src/core/runtime.ts";
import { startPulse } from "../../src/engine/pulse.ts";
import type { World } from "../../src/sim/world.ts";
import { ANTHROPIC, CHAT, sim, virtual } from "../support/virtual.ts";

setDefaultTimeout(60_000);

const [FROM_MS, UNTIL_MS, END_MS] = [60_000, 72_000, 120_000];

/** Whatever would reach the engine while it stands still reaches it afterwards. */
function awake({ clock }: World): Promise<void> | undefined {
  const nowMs = clock.now();
  if (nowMs < FROM_MS || nowMs >= UNTIL_MS) return undefined;
  return new Promise((resolve) => clock.after(UNTIL_MS - nowMs, resolve));
}

const clockOf = ({ clock }: World): Clock => ({
  now: () => clock.now(),
  after(delayMs, fire) {
    const dueMs = clock.now() + delayMs;
    return clock.after(dueMs >= FROM_MS && dueMs < UNTIL_MS ? UNTIL_MS - clock.now() : delayMs, fire);
  },
});

const transportOf =
  (world: World): Transport =>
  async (request, cancel) => {
    const response = await world.runtime.transport(request, cancel);
    await awake(world);
    if ("kind" in response) return response;
    const late =
      <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
      async (...args: Args) => {
        const result = await work(...args);
        await awake(world);
        return result;
      };
    const { body } = response;
    const slow: Body = {
      read: late(() => body.read()),
      whole: late((most) => body.whole(most)),
      cancel: (reason) => body.cancel(reason),
    };
    return { ...response, body: slow };
  };

async function play(watched: boolean) {
  const here = virtual({
    providers: [sim("alpha", ANTHROPIC, { firstTokenMs: 800 }), sim("beta", CHAT)],
    clock: clockOf,
    transport: transportOf,
  });
  const stop = watched ? startPulse(here.engine) : () => {};
  for (let atMs = 0; atMs < END_MS; atMs += 50) {
    const asleep = atMs >= FROM_MS && atMs < UNTIL_MS;
    if (!asleep) await here.world.run(atMs);
    else if (atMs === FROM_MS) await here.world.run(UNTIL_MS);
    here.ask({ prompt: `question ${atMs}` });
  }
  stop();
  await here.rest();
  return {
    states: here.events.flatMap((event) => (event.type === "belief" ? [`${event.target} ${event.state}`] : [])),
    timedOut: here.events.filter((event) => event.type === "attempt-end" && event.fault === "first-token-timeout")
      .length,
  };
}

test("twelve seconds of it: calls that were answered time out, and no target is left for it", async () => {
  const seen = await play(true);
  expect(seen.timedOut).toBeGreaterThan(5);
  expect(seen.states.filter((state) => state.endsWith("ejected"))).toEqual([]);
});

test("unwatched, as in the library: it looks like an outage of the provider", async () => {
  const { states } = await play(false);
  expect(states).toContain("alpha/m ejected");
});
