// Clients that leave: whenever they do, their provider is let go in the same instant, nothing else is tried for them, and
// every attempt and call has its one end.

import { expect, test } from "bun:test";
import type { DialectId } from "../../src/core/call.ts";
import { fault } from "../../src/core/fault.ts";
import { FAULT_SCRIPT_KINDS } from "../../src/sim/fault-script.ts";
import { randomStream } from "../../src/sim/random.ts";
import { ANTHROPIC, CHAT, on, sim, virtual } from "../support/virtual.ts";

const RUNS = 200;

async function run(seed: number): Promise<void> {
  const random = randomStream(seed, "cancels");
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T; // never empty
  const dialect = (): DialectId => pick([ANTHROPIC, CHAT]);
  const kind = pick(FAULT_SCRIPT_KINDS);
  const providers = [sim("alpha", dialect()), sim("beta", dialect())];
  const here = virtual({ seed, providers, faults: random() < 0.7 ? [on("alpha", { kind })] : [] });
  const tools = random() < 0.3 ? { tools: "any" as const } : {};
  const readEveryMs = random() < 0.3 ? 3_000 : 0;
  const client = here.ask({ dialect: dialect(), stream: random() < 0.7, readEveryMs, ...tools });
  // Most of it happens within a second; some faults take as long as a timeout.
  const leftAtMs = Math.floor(random() < 0.7 ? random() * 400 : random() * 30_000);
  const reason = random() < 0.5 ? fault("cancelled", "left") : fault("client-stall", "took nothing");
  await here.world.run(leftAtMs);
  // A slow client may still have something to read.
  const wasOver = here.engine.inFlight === 0;
  const attempts = here.world.attempts();
  client.cancel.cancel(reason);
  await here.world.run(leftAtMs);
  expect(here.engine.inFlight).toBe(0);
  const lingering = here.world.log.filter(({ ended }) => ended === "open");
  // Only a connection that has answered may be drained for a moment.
  if (!wasOver && here.events.at(-1)?.type !== "call-end") throw new Error("the call has not ended");
  await here.rest();
  expect(here.world.attempts()).toBe(attempts);
  for (const { endedAtMs = 0 } of lingering) expect(endedAtMs).toBeLessThanOrEqual(leftAtMs + 1_000);
  const end = here.events.at(-1);
  expect(end?.type).toBe("call-end");
  if (!wasOver && end?.type === "call-end") expect(["cancelled", "complete"]).toContain(end.ending);
}

test(`${RUNS} clients leave at random moments`, async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    try {
      await run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`);
    }
  }
});

test("one that leaves before it is asked for touches no provider twice", async () => {
  const here = virtual({
    providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)],
    faults: [on("alpha", { kind: "rate-limit" })],
  });
  const client = here.ask();
  await here.world.run(1_000);
  // It waits for a short retry-after.
  client.cancel.cancel(fault("cancelled", "left"));
  await here.rest();
  expect(here.world.attempts()).toBe(1);
  expect(client.endedAtMs).toBe(1_000);
});
