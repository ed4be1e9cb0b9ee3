// The machine sleeps for a while: a lid is closed, a virtual machine is halted. Of what was under way nothing is heard any more
// afterwards, as when connections are gone. Nobody is blamed for it, and a fault that begins after it is seen as ever.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { Fault } from "../../src/core/fault.ts";
import type { Transport, WireResponse } from "../../src/core/runtime.ts";
import { startPulse } from "../../src/engine/pulse.ts";
import type { ScheduledFault } from "../../src/sim/fault-script.ts";
import type { World } from "../../src/sim/world.ts";
import { ANTHROPIC, CHAT, on, sim, virtual } from "../support/virtual.ts";

setDefaultTimeout(60_000);

const [SLEEP_MS, ASLEEP_MS, END_MS] = [60_000, 45_000, 200_000];
/** Shorter than the timeouts of what is under way. */
const NAP_MS = 6_000;

interface Sleep {
  /** The clock of timers goes on meanwhile (a halted virtual machine), or stands still as well (a lid that is closed). */
  readonly clockMs: number;
  readonly wallMs: number;
}

/** Whoever had not been answered in full by then hears no more. */
const transportOf =
  (world: World): Transport =>
  async (request, cancel) => {
    const isOld = world.clock.now() < SLEEP_MS;
    const lost = () => isOld && world.clock.now() >= SLEEP_MS;
    const never = () => new Promise<Fault>((resolve) => cancel.onCancel(resolve));
    const response = await world.runtime.transport(request, cancel);
    if ("kind" in response) return response;
    const { body } = response;
    const heard = async <Result>(result: Promise<Result>): Promise<Result | Fault> => {
      const found = await result;
      return lost() ? never() : found;
    };
    const read = () => heard(body.read());
    const whole = (most: number) => heard(body.whole(most));
    const cut: WireResponse = { ...response, body: { read, whole, cancel: (reason) => body.cancel(reason) } };
    if (!lost()) return cut;
    body.cancel({ kind: "superseded", message: "gone" });
    return never();
  };

async function play({ clockMs, wallMs }: Sleep, watched: boolean, faults: readonly ScheduledFault[] = []) {
  const here = virtual({
    providers: [sim("alpha", ANTHROPIC, { firstTokenMs: 800 }), sim("beta", CHAT)],
    transport: transportOf,
    jumps: [{ atMs: SLEEP_MS, wallMs: wallMs - clockMs, asleepMs: clockMs }],
    faults,
  });
  const stop = watched ? startPulse(here.engine) : () => {};
  for (let atMs = 0, call = 0; atMs < END_MS; atMs += 50, call++) {
    // Nobody asks who is asleep.
    if (atMs > SLEEP_MS && atMs < SLEEP_MS + clockMs) continue;
    await here.world.run(atMs);
    here.ask({ prompt: `question ${call}` });
  }
  stop();
  await here.rest();
  return here.events.flatMap((event) =>
    event.type === "belief" && event.target === "alpha/m" && event.state === "ejected" ? [event.atMs] : [],
  );
}

test.each<Sleep>([
  { clockMs: ASLEEP_MS, wallMs: ASLEEP_MS },
  { clockMs: 0, wallMs: ASLEEP_MS },
  { clockMs: NAP_MS, wallMs: NAP_MS },
])("what was lost in a sleep is held against nobody, %p", async (sleep) => {
  expect(await play(sleep, true)).toEqual([]);
});

test("unwatched, as in the library: it looks like an outage", async () => {
  expect((await play({ clockMs: ASLEEP_MS, wallMs: ASLEEP_MS }, false)).length).toBeGreaterThan(0);
});

test("an outage after it is seen as soon as ever", async () => {
  const sickMs = SLEEP_MS + ASLEEP_MS + 45_000;
  const faults = [{ ...on("alpha", { kind: "silence" }), atMs: sickMs, forMs: 60_000 }];
  const [left = Number.NaN] = await play({ clockMs: ASLEEP_MS, wallMs: ASLEEP_MS }, true, faults);
  expect(left - sickMs).toBeGreaterThan(0);
  expect(left - sickMs).toBeLessThanOrEqual(5_000);
});
