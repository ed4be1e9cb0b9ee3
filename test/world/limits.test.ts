// Limits in the virtual world: what hangs at one provider, or belongs to one tenant, is not felt by others.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { ANTHROPIC, CHAT, on, sim, virtual } from "../support/virtual.ts";

setDefaultTimeout(60_000);

const SILENT = { ...on("alpha", { kind: "silence" }), atMs: 60_000, forMs: 120_000 };

/** Two routes: one at a provider that hangs for two minutes, one at another. Slow timeouts, so that much could pile up. */
async function play(hangs: boolean) {
  const here = virtual({
    providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)],
    faults: hangs ? [SILENT] : [],
    routes: { chat: ["alpha/m"], other: ["beta/m"] },
    route: { timeouts: { connectMs: 5_000, firstTokenMs: 60_000, wholeMs: 60_000, idleMs: 60_000, totalMs: 600_000 } },
  });
  const others: ReturnType<typeof here.ask>[] = [];
  let most = 0;
  for (let tick = 0; tick < 240 * 20; tick++) {
    await here.world.run(tick * 50);
    here.ask({ prompt: `a${tick}`, tenant: "greedy" });
    if (tick % 4 === 0) others.push(here.ask({ prompt: `b${tick}`, tenant: "modest", model: "other" }));
    most = Math.max(most, here.world.inFlight());
  }
  await here.rest();
  const tookMs = others.map(({ call, endedAtMs }) => endedAtMs - startOf(here.events, call.id)).sort((a, b) => a - b);
  return { here, most, others, slowestMs: tookMs.at(-1) ?? 0, middleMs: tookMs[tookMs.length >> 1] ?? 0 };
}

function startOf(events: ReturnType<typeof virtual>["events"], id: string): number {
  return events.find((event) => event.type === "call-start" && event.call === id)?.atMs ?? 0;
}

describe("one provider hangs", () => {
  test("its calls do not pile up, and those to another provider feel nothing", async () => {
    const calm = await play(false);
    const hung = await play(true);
    expect(hung.others.every(({ delivery }) => delivery?.status === 200)).toBe(true);
    expect(hung.slowestMs).toBe(calm.slowestMs);
    expect(hung.middleMs).toBe(calm.middleMs);
    // 20 calls a second that wait 60 s each would be 1 200.
    expect(hung.most).toBeLessThan(300);
    const told = hung.here.events.filter((event) => event.type === "call-end" && event.fault === "busy");
    expect(told.length).toBeGreaterThan(0);
    expect(hung.here.checker.held).toBe(true);
  });
});
