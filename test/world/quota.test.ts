// Rate limits in the virtual world: what the headers tell is kept to, so that a 429 is avoided instead of met.

import { describe, expect, test } from "bun:test";
import type { DialectId } from "../../src/core/call.ts";
import { type Limited, type LimitOptions, limited } from "../support/limited.ts";
import { ANTHROPIC, CHAT, sim, type Virtual, virtual } from "../support/virtual.ts";

interface Played {
  readonly here: Virtual;
  readonly limits: Limited;
  readonly refused: number;
  /** Calls that each target answered. */
  readonly served: Readonly<Record<string, number>>;
  readonly calls: number;
}

interface Traffic extends Omit<LimitOptions, "provider" | "perMinute"> {
  readonly dialect: DialectId;
  readonly ratePerS: number;
  readonly perMinute: number;
  readonly keys?: readonly string[];
  readonly seconds?: number;
  /** The route has no other target. */
  readonly alone?: boolean;
}

async function play({ dialect, ratePerS, keys, seconds = 300, alone = false, ...options }: Traffic): Promise<Played> {
  let limits: Limited | undefined;
  const here = virtual({
    providers: [sim("alpha", dialect), sim("beta", CHAT)],
    ...(alone && { targets: ["alpha/m"] }),
    ...(keys !== undefined && { keys: { alpha: keys } }),
    transport: (world) => {
      limits = limited(world, { provider: "alpha", ...options });
      return limits.transport;
    },
  });
  const calls = seconds * ratePerS;
  for (let tick = 0; tick < calls; tick++) {
    await here.world.run((tick * 1_000) / ratePerS);
    here.ask({ prompt: `q${tick}`, dialect });
  }
  await here.rest();
  if (limits === undefined) throw new Error("no transport was made");
  const served: Record<string, number> = {};
  for (const event of here.events) {
    if (event.type === "call-end" && event.target !== undefined) served[event.target] = (served[event.target] ?? 0) + 1;
  }
  return { here, limits, calls, served, refused: [...limits.refused.values()].reduce((sum, count) => sum + count, 0) };
}

describe.each([ANTHROPIC, CHAT] as const)("%s", (dialect) => {
  test("twice the limit: hardly a 429, and nearly all of the limit is used", async () => {
    const { refused, served, calls } = await play({ dialect, ratePerS: 4, perMinute: 120 });
    expect(refused).toBeLessThanOrEqual(0.005 * calls);
    // The bucket's first fill, and what comes back in five minutes.
    expect(served["alpha/m"]).toBeGreaterThan(0.93 * (120 + 5 * 120));
    expect((served["alpha/m"] ?? 0) + (served["beta/m"] ?? 0)).toBe(calls);
  });

  test("another key of the provider is used before another provider", async () => {
    const { refused, served, limits, calls } = await play({ dialect, ratePerS: 3, perMinute: 120, keys: ["k1", "k2"] });
    expect(refused).toBeLessThanOrEqual(0.005 * calls);
    expect(served["beta/m"] ?? 0).toBe(0);
    expect(limits.sent.get("k2")).toBeGreaterThan(100);
  });

  test("alone and a little over the limit: calls wait for their turn", async () => {
    const { refused, served, calls } = await play({
      dialect,
      ratePerS: 2.5,
      perMinute: 120,
      seconds: 300,
      alone: true,
    });
    // 120 at first and 600 in five minutes, of 750.
    expect(served["alpha/m"]).toBeGreaterThanOrEqual(715);
    expect(refused).toBeLessThanOrEqual(0.1 * calls);
  });

  test("below the limit nothing changes", async () => {
    const { served, calls } = await play({ dialect, ratePerS: 1, perMinute: 120, seconds: 60 });
    expect(served).toEqual({ "alpha/m": calls });
  });
});

test("headers that always say that nothing is left never keep all calls away", async () => {
  const nothing = () => ({ "x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "0" });
  const { served, calls } = await play({
    dialect: CHAT,
    ratePerS: 2,
    perMinute: 100_000,
    headersOf: nothing,
    seconds: 600,
  });
  // 60 a minute are told: one a second comes back.
  expect(served["alpha/m"] ?? 0).toBeGreaterThan(0.3 * calls);
});
