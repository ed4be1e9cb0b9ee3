// Whole stretches of traffic through mixed faults: one seed is one run, and whatever the seed, every promise holds.

import { expect, test } from "bun:test";
import type { DialectId } from "../../src/core/call.ts";
import { fault } from "../../src/core/fault.ts";
import { FAULT_SCRIPT_KINDS, type ScheduledFault } from "../../src/sim/fault-script.ts";
import { randomStream } from "../../src/sim/random.ts";
import { outcomeOf } from "../support/outcome.ts";
import { ANTHROPIC, CHAT, type Client, sim, type Virtual, virtual } from "../support/virtual.ts";

const SEEDS = 100;
const CALLS = 25;
const WORDS = 8;
const LIMIT_MS = 20_000;
const DIALECT_IDS: readonly DialectId[] = [ANTHROPIC, CHAT];

interface Run {
  readonly here: Virtual;
  /** Clients that stayed. */
  readonly clients: readonly Client[];
}

async function run(seed: number): Promise<Run> {
  const random = randomStream(seed, "traffic");
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T; // never empty
  const names = ["alpha", "beta", "gamma"];
  const providers = names.map((name) => sim(name, pick(DIALECT_IDS), { words: WORDS, errors: random() * 0.2 }));
  const faults = Array.from({ length: 6 }, (): ScheduledFault => {
    const kind = pick(FAULT_SCRIPT_KINDS);
    const share = random();
    const times = { atMs: random() * 60_000, forMs: 1_000 + random() * 60_000, rampMs: random() * 5_000 };
    const retryAfter = pick(["0", "1", "2", "30", "x"]);
    return { kind, share, ...times, on: [pick(names)], after: Math.floor(random() * 10), retryAfter };
  });
  const here = virtual({ seed, providers, faults });
  const clients: Client[] = [];
  for (let call = 0; call < CALLS; call++) {
    await here.world.run(here.world.clock.now() + random() * 8_000);
    const tools = pick([{}, {}, { tools: "auto" as const }, { tools: "any" as const }]);
    const steering = { retryCount: pick([0, 0, 0, 1]), readEveryMs: pick([0, 0, 500]) };
    const deadline = random() < 0.1 ? { deadlineMs: here.world.clock.now() + random() * 30_000 } : {};
    const prompt = `prompt ${Math.floor(random() * 10)}`;
    const client = here.ask({
      dialect: pick(DIALECT_IDS),
      stream: random() < 0.7,
      prompt,
      ...tools,
      ...steering,
      ...deadline,
    });
    if (random() < 0.85) clients.push(client);
    else here.world.clock.after(random() * 5_000, () => client.cancel.cancel(fault("cancelled", "left")));
  }
  await here.rest();
  return { here, clients };
}

test(`${SEEDS} random storms`, async () => {
  const startedMs = performance.now();
  const kinds = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      const { clients } = await run(seed);
      for (const client of clients) {
        const { kind } = outcomeOf(client, WORDS);
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`);
    }
  }
  expect(kinds.get("complete")).toBeGreaterThan(SEEDS * CALLS * 0.6);
  expect(kinds.get("broken")).toBeGreaterThan(0);
  expect(kinds.get("refused")).toBeGreaterThan(0);
  expect(performance.now() - startedMs).toBeLessThan(LIMIT_MS);
}, 60_000);

test("one seed is one run, another seed another", async () => {
  const digests = new Set<string>();
  for (const seed of [1, 2, 3, 4, 5]) {
    const [first, again] = [await run(seed), await run(seed)];
    expect(again.here.world.digest()).toBe(first.here.world.digest());
    expect(JSON.stringify(again.here.events)).toBe(JSON.stringify(first.here.events));
    expect(again.here.world.log).toEqual(first.here.world.log);
    digests.add(first.here.world.digest());
  }
  expect(digests.size).toBe(5);
});
