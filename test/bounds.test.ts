// Whatever providers put into their headers and usage, and wherever the clock goes: no rule's state leaves its bounds, no call
// waits beyond its deadline, and when all is well again calls are answered.

import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Transport } from "../src/core/runtime.ts";
import { identityOf } from "../src/engine/keyed-target.ts";
import { respond } from "./support/hand-runtime.ts";
import { ANTHROPIC, CHAT, sim, type Virtual, virtual } from "./support/virtual.ts";

const KEYS = { alpha: ["k1", "k2"], beta: ["k3"] } as const;
const DIALECTS = { alpha: ANTHROPIC, beta: CHAT } as const;
const NAMES = ["alpha", "beta"] as const;
const TOTAL_MS = 30_000;
/** Where the clock begins: there is room to go back. */
const BASE_MS = 1e12;
/** What no state may exceed: the clock's own reach, and a year in front of it. */
const MOST = 1e13;

const amounts = fc.constantFrom(
  "0",
  "-1",
  "-0",
  "1",
  "60",
  "31536000",
  "1e308",
  "NaN",
  "Infinity",
  "",
  " ",
  "9".repeat(400),
  "0x10",
  "1,5",
);
const moments = fc.constantFrom(
  "Sun, 06 Nov 1994 08:49:37 GMT",
  "Fri, 01 Jan 2100 00:00:00 GMT",
  "1970-01-01T00:00:00Z",
  "9999-12-31T23:59:59Z",
  "0001-01-01T00:00:00Z",
  "6m0s",
  "-1s",
  "1e9d",
  "99999999h",
  "soon",
);
const value = fc.oneof(amounts, moments);
const header = fc.constantFrom(
  "retry-after",
  "retry-after-ms",
  ...["limit", "remaining", "reset"].flatMap((part) => [
    `anthropic-ratelimit-requests-${part}`,
    `anthropic-ratelimit-input-tokens-${part}`,
    `anthropic-ratelimit-output-tokens-${part}`,
    `anthropic-ratelimit-tokens-${part}`,
    `x-ratelimit-${part}-requests`,
    `x-ratelimit-${part}-tokens`,
  ]),
);
const counts = fc.constantFrom<unknown>(0, -1, 1, 1e308, Number.MAX_SAFE_INTEGER + 2, 1e-300, null, "7", [], true);
const step = fc.record({
  status: fc.constantFrom(200, 200, 200, 400, 401, 402, 403, 404, 429, 429, 500, 503, 529),
  headers: fc.dictionary(header, value, { maxKeys: 8 }),
  usage: fc.tuple(counts, counts, counts),
  jumpMs: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 20_000 }) },
    fc.constantFrom(1e12, -1e12, 3.6e6, -3.6e6, 0.25),
  ),
  calls: fc.integer({ min: 1, max: 4 }),
});

function bodyOf(name: (typeof NAMES)[number], status: number, [input, output, cached]: readonly unknown[]): string {
  if (status !== 200) return JSON.stringify({ error: { type: "overloaded_error", message: "no" } });
  const text = "Twelve words of an answer.";
  return JSON.stringify(
    DIALECTS[name] === ANTHROPIC
      ? {
          id: "msg_1",
          type: "message",
          role: "assistant",
          model: "m",
          content: [{ type: "text", text }],
          stop_reason: "end_turn",
          usage: { input_tokens: input, output_tokens: output, cache_read_input_tokens: cached },
        }
      : {
          id: "c1",
          object: "chat.completion",
          model: "m",
          choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
          usage: { prompt_tokens: input, completion_tokens: output, prompt_tokens_details: { cached_tokens: cached } },
        },
  );
}

/** Paths of numbers that are none, or beyond all bounds. "Never" is the one infinity there may be. */
function strays(found: unknown, path: string): string[] {
  if (typeof found === "number") {
    return Number.isNaN(found) || found > MOST || (found < -MOST && Number.isFinite(found))
      ? [`${path}: ${found}`]
      : [];
  }
  if (typeof found !== "object" || found === null) return [];
  const entries = found instanceof Map ? [...found] : Object.entries(found);
  return entries.flatMap(([key, each]) => strays(each, `${path}.${String(key)}`));
}

function stateOf({ engine: { cells }, world }: Virtual) {
  return NAMES.map((name) => {
    const identity = identityOf({ name, url: world.url(name) }, "m");
    const prints = KEYS[name].map((key) => new Bun.CryptoHasher("sha256").update(key).digest("hex").slice(0, 24));
    return {
      belief: cells.belief(identity),
      pool: cells.pool(name),
      intake: cells.intake(`${name}\n${world.url(name)}`),
      headroom: cells.headroom(identity),
      target: cells.target(identity),
      budget: cells.budget(name),
      keys: prints.map((print) => cells.key(`${name}\n${world.url(name)}\n${print}`)),
      pauses: prints.map((print) => cells.target(`${identity}\n${print}`)),
    };
  });
}

/** True: some limits are known. */
function check(here: Virtual): boolean {
  const states = stateOf(here);
  const { cells } = here.engine;
  const all = {
    states,
    self: cells.self,
    probes: cells.probes,
    hedge: cells.hedge("chat"),
    shed: cells.admission("chat"),
  };
  expect(strays(all, "cells")).toEqual([]);
  for (const { belief, budget, intake } of states) {
    for (const score of [belief.score, belief.silence, belief.lateness, belief.crawling, belief.useless]) {
      expect(score >= 0 && score <= 500).toBe(true);
    }
    expect(belief.admission >= 0 && belief.admission <= 1).toBe(true);
    expect(budget.tokens >= 0 && budget.tokens <= 10 && budget.usd >= 0).toBe(true);
    expect(intake.calls).toBeGreaterThanOrEqual(0);
    expect(belief.outputTokens >= 0 && belief.outputTokens <= 1e6).toBe(true);
  }
  return states.some(({ pauses }) => pauses.some(({ quota }) => quota !== undefined));
}

test("hostile headers, usage and clocks", async () => {
  let limitsKnown = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      let now = steps[0];
      let offsetMs = BASE_MS;
      const transport =
        (): Transport =>
        async ({ url }) => {
          const name = url.includes("alpha") ? "alpha" : "beta";
          const { status = 200, headers = {}, usage = [1, 1, 0] } = now ?? {};
          return respond(status, bodyOf(name, status, usage), headers);
        };
      const here = virtual({
        providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)],
        keys: KEYS,
        route: {
          timeouts: { connectMs: 1_000, firstTokenMs: "auto", wholeMs: 10_000, idleMs: "auto", totalMs: TOTAL_MS },
        },
        transport,
        clock: ({ clock }) => ({ now: () => clock.now() + offsetMs, after: (ms, fire) => clock.after(ms, fire) }),
        priceOf: () => ({ inputPerMillionUsd: 3, outputPerMillionUsd: 15 }),
      });
      let asked = 0;
      for (const each of steps) {
        now = each;
        offsetMs = Math.max(0, Math.min(2 * BASE_MS, offsetMs + each.jumpMs));
        const begunMs = here.world.clock.now();
        const clients = Array.from({ length: each.calls }, () => here.ask({ prompt: `q${++asked}`, stream: false }));
        await here.world.run(begunMs + TOTAL_MS + 1_000);
        expect(clients.every(({ delivery }) => delivery !== undefined)).toBe(true);
        if (check(here)) limitsKnown++;
      }
      expect(here.events.filter(({ type }) => type === "bug")).toEqual([]);
      // All is well again: within ten minutes calls are answered.
      now = undefined;
      let last = here.ask({ prompt: "first", stream: false });
      for (let second = 0; second < 600; second += 2) {
        await here.world.run(here.world.clock.now() + 2_000);
        last = here.ask({ prompt: `again ${second}`, stream: false });
      }
      await here.world.run(here.world.clock.now() + TOTAL_MS);
      expect(last.delivery?.status).toBe(200);
      check(here);
    }),
    { numRuns: 60 },
  );
  expect(limitsKnown).toBeGreaterThan(100);
}, 120_000);
