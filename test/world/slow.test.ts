// A provider that answers late or slowly, and still answers: it loses most of its calls and is never ejected for it, and they
// come back when it is well again.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { ScheduledFault } from "../../src/sim/fault-script.ts";
import { ANTHROPIC, CHAT, on, sim, virtual } from "../support/virtual.ts";

setDefaultTimeout(60_000);

test.each([
  ["first contents five times as late", { kind: "slow-first-token", delayMs: 1_600 }],
  ["streams that crawl", { kind: "drip", delayMs: 2_000 }],
] as const)("%s", async (_, script) => {
  const [fromMs, untilMs, endMs] = [120_000, 300_000, 480_000];
  const fault: ScheduledFault = { ...on("alpha", script), atMs: fromMs, forMs: untilMs - fromMs };
  const here = virtual({
    providers: [sim("alpha", ANTHROPIC, { firstTokenMs: 400 }), sim("beta", CHAT, { firstTokenMs: 600 })],
    faults: [fault],
  });
  for (let atMs = 0, call = 0; atMs < endMs; atMs += 200, call++) {
    await here.world.run(atMs);
    here.ask({ prompt: `question ${call}` });
  }
  await here.rest();
  const share = (sinceMs: number, toMs: number) => {
    const within = here.world.log.filter(({ atMs }) => atMs >= sinceMs && atMs < toMs);
    return within.filter(({ provider }) => provider === "alpha").length / within.length;
  };
  expect(share(0, fromMs)).toBe(1);
  expect(share(fromMs + 15_000, untilMs)).toBeLessThan(0.2);
  expect(share(untilMs + 90_000, endMs)).toBeGreaterThan(0.95);
  const ends = here.events.filter((event) => event.type === "call-end");
  expect(ends.every(({ ending }) => ending === "complete")).toBe(true);
  expect(here.events.filter((event) => event.type === "belief" && event.state === "ejected")).toEqual([]);
  expect(here.events.flatMap((event) => (event.type === "slow" ? [event.slow] : []))).toEqual([true, false]);
});

/** One stream takes longer than the run: two hundred words, four seconds each. */
const ENDLESS = { kind: "drip", delayMs: 4_000 } as const;

interface Endless {
  readonly ratePerS: number;
  readonly dialect: typeof ANTHROPIC | typeof CHAT;
  readonly share?: number;
  /** How long a client takes for an event. */
  readonly readEveryMs?: number;
}

async function endless({ ratePerS, dialect, share = 1, readEveryMs = 0 }: Endless) {
  const [fromMs, endMs] = [90_000, 150_000];
  const here = virtual({
    providers: [sim("alpha", dialect, { words: 200 }), sim("beta", CHAT, { words: 200 })],
    faults: share === 0 ? [] : [{ ...on("alpha", ENDLESS), atMs: fromMs, share }],
  });
  for (let call = 0; (call * 1_000) / ratePerS < endMs; call++) {
    await here.world.run((call * 1_000) / ratePerS);
    here.ask({ prompt: `question ${call}`, dialect: ANTHROPIC, readEveryMs });
  }
  await here.world.run(endMs);
  const within = here.world.log.filter(({ atMs }) => atMs >= fromMs + 15_000 && atMs < endMs);
  return {
    left: within.filter(({ provider }) => provider === "alpha").length / within.length,
    slowAfterMs: here.events.flatMap((event) => (event.type === "slow" && event.slow ? [event.atMs - fromMs] : [])),
    ended: here.world.log.filter(
      ({ provider, atMs, ended }) => provider === "alpha" && atMs >= fromMs && ended === "done",
    ),
  };
}

test.each<Endless>([
  { ratePerS: 1, dialect: ANTHROPIC },
  { ratePerS: 5, dialect: ANTHROPIC },
  { ratePerS: 5, dialect: CHAT },
  { ratePerS: 20, dialect: CHAT, share: 0.4 },
])("streams that crawl and do not end: left within 15 s, %p", async (traffic) => {
  const { left, slowAfterMs, ended } = await endless(traffic);
  if (traffic.share === undefined) expect(ended).toEqual([]);
  expect(slowAfterMs).toHaveLength(1);
  expect(slowAfterMs[0]).toBeLessThanOrEqual(15_000);
  expect(left).toBeLessThanOrEqual(traffic.ratePerS > 1 ? 0.2 : 0.3);
});

test("clients that read slowly do not make a provider slow", async () => {
  const { left, slowAfterMs } = await endless({ ratePerS: 2, dialect: ANTHROPIC, share: 0, readEveryMs: 400 });
  expect([left, slowAfterMs]).toEqual([1, []]);
});
