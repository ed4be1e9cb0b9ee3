// What simulated providers can serve, alone and as the real engine meets it; and how a script that asks for nonsense is refused.

import { expect, setDefaultTimeout, test } from "bun:test";
import { playDrill } from "./drill.ts";
import { readScenario, type Scenario } from "./scenario.ts";
import { createSupply, grant, type Supply, takePlace, warmthAt } from "./supply.ts";

setDefaultTimeout(60_000);

function asked(supply: Supply, times: readonly number[], { key = "k", tokens = 10, chance = 0 } = {}) {
  const cell = createSupply();
  return times.map((atMs) => grant(supply, cell, { atMs, key, inputTokens: tokens, beginnings: [] }, chance));
}

test("requests a minute: a bucket that fills continuously, told in what is left and when to come back", () => {
  const supply: Supply = { requestsPerMin: 60 };
  const burst = asked(
    supply,
    Array.from({ length: 61 }, () => 0),
  );
  expect(burst.filter(({ type }) => type === "served").length).toBe(60);
  expect(burst.at(-1)).toEqual({
    type: "rate-limit",
    retryAfterS: 1,
    limits: [{ kind: "requests", limit: 60, remaining: 0, resetMs: 60_000 }],
  });
  expect(
    asked(supply, [...Array.from({ length: 60 }, () => 0), 999, 1_000])
      .map(({ type }) => type)
      .slice(60),
  ).toEqual(["rate-limit", "served"]);
});

test("tokens a minute: what is larger than the bucket is let in when it is full", () => {
  const supply: Supply = { inputTokensPerMin: 600 };
  expect(asked(supply, [0, 0], { tokens: 10_000 }).map(({ type }) => type)).toEqual(["served", "rate-limit"]);
});

test("beyond its capacity answers fail the more, the more is asked", () => {
  const times = Array.from({ length: 2_000 }, (_, index) => index * 10);
  const failed = (capacityPerS: number, chance: number) =>
    asked({ capacityPerS }, times, { chance }).filter(({ type }) => type === "overloaded").length;
  expect(failed(110, 0.9)).toBe(0);
  // At 100 requests a second half of it can be served: a quarter succeeds.
  expect(failed(50, 0.2)).toBeLessThan(400);
  expect(failed(50, 0.3)).toBeGreaterThan(1_400);
});

test("a place is waited for, given back, and refused beyond the queue", () => {
  const supply: Supply = { concurrency: 1, queue: 1 };
  const cell = createSupply();
  const ask = (atMs: number) => grant(supply, cell, { atMs, key: "", inputTokens: 1, beginnings: [] }, 0).type;
  expect(ask(0)).toBe("served");
  const first = takePlace(supply, cell, { atMs: 0, tookMs: 1_000 });
  expect(ask(100)).toBe("served");
  expect([first.waitMs, takePlace(supply, cell, { atMs: 100, tookMs: 1_000 }).waitMs]).toEqual([0, 900]);
  expect(ask(200)).toBe("overloaded");
  expect(ask(1_100)).toBe("served");
  const hung = takePlace({ concurrency: 1 }, createSupply(), { atMs: 0, tookMs: Number.POSITIVE_INFINITY });
  expect(() => hung.release(5)).not.toThrow();
});

test("a prompt's beginning is kept for a while after its last use", () => {
  const supply: Supply = { promptCacheMs: 300_000 };
  const cell = createSupply();
  const cached = (atMs: number, beginnings: readonly string[], inputTokens: number) => {
    const granted = grant(supply, cell, { atMs, key: "", inputTokens, beginnings }, 0);
    return granted.type === "served" ? granted.cachedTokens : Number.NaN;
  };
  expect(cached(0, ["ab", "a"], 20)).toBe(0);
  expect(cached(200_000, ["abc", "ab", "a"], 30)).toBe(20);
  expect(cached(450_000, ["abd", "ab"], 30)).toBe(20);
  expect(cached(800_000, ["abe", "ab"], 30)).toBe(0);
});

test("it warms up evenly", () => {
  const warmUp = { atMs: 1_000, forMs: 1_000, from: 0.1, to: 1.3 };
  const shares = [999, 1_000, 1_500, 9_000].map((ms) => warmthAt(warmUp, ms));
  expect(shares).toEqual([1, 0.1, expect.closeTo(0.7), 1.3]);
});

function scenario(alpha: string, traffic = "rate: 5", faults = ""): Scenario {
  const text = `traffic: { ${traffic}, seconds: 300, stream: 80% }
providers:
  alpha: { dialect: anthropic-messages, words: 8, ${alpha} }
  beta: { dialect: openai-chat, words: 8 }
routes:
  chat: { targets: [alpha/m, beta/m] }
faults: [${faults}]
gates: { lost: "==0" }
`;
  const read = readScenario(text, { file: "supply.yaml", name: "supply" });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.scenario;
}

test("limits that are told in headers are kept rather than met", async () => {
  const result = await playDrill(scenario("requests-per-minute: 60"), { seed: 1, stopwatch: () => 0 });
  expect(result.successRate).toBe(1);
  expect(result.invariants.every(({ held }) => held)).toBe(true);
  // 5 calls/s where 1/s is allowed: what the limit leaves goes elsewhere, nearly never by way of a 429.
  expect(result.attemptsPerCall).toBeLessThan(1.03);
  expect(result.falseEjections).toBe(0);
});

test("agents ask again when they were answered, and their prompts are kept", async () => {
  const result = await playDrill(scenario("prompt-cache: 5m, first-token: 1s", "agents: 20, think: 3s"), {
    seed: 1,
    stopwatch: () => 0,
  });
  // 20 agents of about 4 s a turn for 300 s.
  expect(result.calls).toBeGreaterThan(1_200);
  expect(result.calls).toBeLessThan(2_000);
  expect([result.successRate, result.lost, result.clientRetries]).toEqual([1, 0, 0]);
});

test("an SDK's own retries come to nothing: a final error says so", async () => {
  const traffic = "rate: 2, retries: 2";
  const faults = "{ on: [alpha, beta], kind: overloaded, at: 60s, for: 60s }";
  const result = await playDrill(scenario("errors: 0.5%", traffic, faults), { seed: 1, stopwatch: () => 0 });
  expect(result.failed).toBeGreaterThan(50);
  expect(result.clientRetries).toBe(0);
});

test("nonsense is refused with line and column", () => {
  const text = `traffic: { seconds: 60, thinks: 5s }
providers:
  alpha: { concurrency: 0, queue: -1, capacity: none, requests-per-minute: 0 }
  beta: { queue: 5, warm-up: { at: 1m, for: 0s, from: 5% } }
  gamma: { warm-up: { at: 1m, for: 1m, from: 5% }, promt-cache: 5m }
routes:
  chat: { targets: [alpha/m] }
`;
  const read = readScenario(text, { file: "wrong.yaml", name: "wrong" });
  const told = read.ok ? [] : read.problems.map(({ line, column, path }) => `${line}:${column} ${path}`);
  expect(told).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^1:\d+ traffic/),
      expect.stringMatching(/^3:\d+ providers\.alpha\.concurrency/),
      expect.stringMatching(/^3:\d+ providers\.alpha\.queue/),
      expect.stringMatching(/^3:\d+ providers\.alpha\.capacity/),
      expect.stringMatching(/^3:\d+ providers\.alpha\.requests-per-minute/),
      expect.stringMatching(/^4:\d+ providers\.beta\.queue/),
      expect.stringMatching(/^4:\d+ providers\.beta\.warm-up/),
      expect.stringMatching(/^5:\d+ providers\.gamma\.warm-up/),
      expect.stringMatching(/^5:\d+ providers\.gamma/),
    ]),
  );
});
