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
  // Crawling is known when the first such streams have ended.
  expect(share(fromMs + 40_000, untilMs)).toBeLessThan(0.2);
  expect(share(untilMs + 90_000, endMs)).toBeGreaterThan(0.95);
  const ends = here.events.filter((event) => event.type === "call-end");
  expect(ends.every(({ ending }) => ending === "complete")).toBe(true);
  expect(here.events.filter((event) => event.type === "belief" && event.state === "ejected")).toEqual([]);
  expect(here.events.flatMap((event) => (event.type === "slow" ? [event.slow] : []))).toEqual([true, false]);
});
