// Hedging in the virtual world: with one slow provider the slowest calls get fast, at no more than its budgets, and nothing
// is left in flight. When a second request may be sent is `policies/hedge.test.ts`, whom to, `next-move.test.ts`.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { RouteSettings } from "../../src/core/settings.ts";
import type { FaultScript } from "../../src/sim/fault-script.ts";
import { randomStream } from "../../src/sim/random.ts";
import {
  ANTHROPIC,
  type Ask,
  bytesOf,
  CHAT,
  on,
  sim,
  type Virtual,
  type VirtualOptions,
  virtual,
} from "../support/virtual.ts";

setDefaultTimeout(60_000);

const HEDGE: RouteSettings["hedge"] = { after: "p95", share: 0.02 };
const encoder = new TextEncoder();

interface Played {
  readonly here: Virtual;
  readonly calls: number;
  readonly hedges: number;
  readonly complete: number;
  readonly p99Ms: number;
}

/** Alpha is late by eight seconds for a share of its calls. */
async function play(
  hedge: RouteSettings["hedge"],
  share: number,
  more: Partial<VirtualOptions> = {},
  ask?: Ask,
): Promise<Played> {
  const here = virtual({
    seed: 1,
    providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)],
    faults: [{ ...on("alpha", { kind: "slow-first-token", delayMs: 8_000 }), share }],
    ...more,
    route: { ...(hedge && { hedge }), ...more.route },
  });
  const random = randomStream(more.seed ?? 1, "traffic");
  let calls = 0;
  for (let atMs = 0; atMs < 200_000; calls++) {
    atMs += -Math.log(1 - random()) * 100;
    await here.world.run(atMs);
    here.ask({ prompt: `question ${calls}`, stream: calls % 3 > 0, ...ask });
  }
  await here.rest();
  const ends = here.events.filter((event) => event.type === "call-end");
  const firsts = ends.map(({ firstContentMs = 1e9 }) => firstContentMs).sort((one, other) => one - other);
  return {
    here,
    calls,
    hedges: here.events.filter((event) => event.type === "hedge" && !event.instead).length,
    complete: ends.filter(({ ending }) => ending === "complete").length,
    p99Ms: firsts[Math.floor(firsts.length * 0.99)] ?? 0,
  };
}

test("one call in 67 is late by 8 s: without hedging p99 is that, with it it falls below half", async () => {
  const without = await play(undefined, 0.015);
  const hedged = await play(HEDGE, 0.015);
  expect(without.p99Ms).toBeGreaterThan(8_000);
  expect(hedged.p99Ms).toBeLessThan(without.p99Ms * 0.5);
  expect(hedged.complete).toBe(hedged.calls);
  expect(hedged.hedges).toBeGreaterThan(10);
  // Late is not failed: nobody is put out of rotation.
  expect(hedged.here.events.filter((event) => event.type === "belief" && event.state === "ejected")).toEqual([]);
});

test("under every seed at most 2 % of the calls are sent twice, however many are late", async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const { calls, hedges, complete } = await play(HEDGE, 0.2, { seed });
    expect({ seed, over: hedges > calls * 0.02, lost: calls - complete }).toEqual({ seed, over: false, lost: 0 });
  }
});

test("in money: where the second target is dear, fewer are sent", async () => {
  const priceOf = (_: unknown, model: string) =>
    model === "dear"
      ? { inputPerMillionUsd: 30, outputPerMillionUsd: 150 }
      : { inputPerMillionUsd: 3, outputPerMillionUsd: 15 };
  const cheap = await play(HEDGE, 0.015, { priceOf, targets: ["alpha/m", "beta/m"] });
  const dear = await play(HEDGE, 0.015, { priceOf, targets: ["alpha/m", "beta/dear"] });
  expect(dear.hedges).toBeGreaterThan(0);
  // Ten times the price, 3 % of the spend; before lengths are known, calls are reckoned a little dearer.
  expect(dear.hedges).toBeLessThanOrEqual(dear.calls * 0.004);
  expect(cheap.hedges).toBeGreaterThan(2 * dear.hedges);
});

describe("who wins", () => {
  const slow: FaultScript = { kind: "slow-first-token", delayMs: 6_000 };
  const one = (beta: FaultScript | undefined, ask: Ask = {}, alpha: FaultScript = slow) => {
    const here = virtual({
      providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)],
      faults: [on("alpha", alpha), ...(beta === undefined ? [] : [on("beta", beta)])],
      route: { hedge: { after: 2_000, share: 0.02 } },
    });
    // The budget is funded by calls: as if fifty had been.
    here.engine.cells.hedge("chat").calls = 1;
    return { here, client: here.ask(ask) };
  };
  const trail = (client: ReturnType<typeof one>["client"]) => client.delivery?.headers["x-holdfast-trail"];

  test.each([[true], [false]])("the second, when the first is late; stream: %p", async (stream) => {
    const { here, client } = one(undefined, { stream });
    await here.rest();
    expect(trail(client)).toBe("alpha/m=superseded, beta/m=ok");
    expect(client.openedAtMs).toBeLessThan(3_000);
    expect(here.world.log.map(({ ended }) => ended)).toEqual(["cancelled", "done"]);
  });

  test("the first, when it has content before the second", async () => {
    const { here, client } = one({ kind: "slow-first-token", delayMs: 60_000 });
    await here.rest();
    expect(trail(client)).toBe("beta/m=superseded, alpha/m=ok");
  });

  test("the first, when the second fails; the failure is told and counts", async () => {
    const { here, client } = one({ kind: "overloaded" });
    await here.rest();
    expect(trail(client)).toBe("beta/m=overloaded, alpha/m=ok");
    expect(here.engine.cells.belief(here.engine.routes.get("chat")?.keyed[1]?.identity ?? "").score).toBeGreaterThan(0);
  });

  test("both fail: the call goes on within its attempts, and is refused once", async () => {
    const { here, client } = one({ kind: "overloaded" }, {}, { kind: "stall-after-headers" });
    await here.rest();
    expect(client.delivery?.headers["x-holdfast-trail"]).toStartWith("beta/m=overloaded, alpha/m=first-token-timeout");
    expect(here.events.filter((event) => event.type === "call-end")).toHaveLength(1);
  });

  test("a tool call that is held has been received: it wins over a faster end", async () => {
    const { here, client } = one(undefined, { tools: "any" }, { kind: "drip", delayMs: 900 });
    await here.rest();
    expect(new TextDecoder().decode(bytesOf(client))).toContain("tool_use");
    expect(trail(client)).toBe("alpha/m=ok");
  });

  test("a client that leaves takes both with it", async () => {
    const { here, client } = one({ kind: "silence" });
    await here.world.run(3_000);
    client.cancel.cancel({ kind: "cancelled", message: "left" });
    await here.rest();
    expect(here.world.log.map(({ ended }) => ended)).toEqual(["cancelled", "cancelled"]);
  });
});

describe("never", () => {
  const base = { model: "chat", max_tokens: 500, stream: true, messages: [{ role: "user", content: "x" }] };
  test.each([
    ["with tools that the provider runs", { ...base, tools: [{ type: "web_search_20250305", name: "web_search" }] }, 0],
    ["with servers that it calls", { ...base, mcp_servers: [] }, 0],
    [
      "with a prompt that is dear to send twice",
      { ...base, messages: [{ role: "user", content: "x".repeat(90_000) }] },
      0,
    ],
    ["but with the client's own tools", { ...base, tools: [{ name: "mine", input_schema: { type: "object" } }] }, 1],
  ])("%s", async (_, body, hedges) => {
    const here = virtual({
      providers: [sim("alpha", ANTHROPIC), sim("beta", ANTHROPIC)],
      faults: [on("alpha", { kind: "slow-first-token", delayMs: 6_000 })],
      route: { hedge: { after: 2_000, share: 0.02 } },
    });
    here.engine.cells.hedge("chat").calls = 1;
    here.ask({ body: encoder.encode(JSON.stringify(body)) });
    await here.rest();
    expect(here.events.filter((event) => event.type === "hedge")).toHaveLength(hedges);
  });

  test("before enough calls have paid for it", async () => {
    const { hedges } = await play(HEDGE, 1, { route: { hedge: { after: 2_000, share: 0.0001 } } });
    expect(hedges).toBe(0);
  });
});
