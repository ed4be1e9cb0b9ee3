// Who is asked again, when, and how often: retry-after in all its forms, the retry budget, the cap over a call and over the
// client's own retries, and the short memory of calls that were refused.

import { describe, expect, test } from "bun:test";
import type { ScheduledFault } from "../../src/sim/fault-script.ts";
import { outcomeOf } from "../support/outcome.ts";
import { ANTHROPIC, type Ask, bytesOf, CHAT, on, sim, type Virtual, virtual } from "../support/virtual.ts";

const WORDS = 8;
/** A simulated provider refuses after this. */
const REFUSAL_MS = 20;
const EPOCH_MS = 1_790_000_000_000;

/** A wait of two seconds, and up to a fifth more: calls that were told the same must not come back as one. */
const AFTER_TWO_S = { low: REFUSAL_MS + 2_000, high: REFUSAL_MS + 2_400 } as const;

const isAfterTwoS = (atMs: number) => atMs >= AFTER_TWO_S.low && atMs <= AFTER_TWO_S.high;
/** With what falls into that window called so. */
const rough = (here: Virtual) =>
  sent(here).map(([atMs, name]) => [isAfterTwoS(atMs) ? "2 s later" : Math.round(atMs), name]);
const sent = (here: Virtual) => here.world.log.map(({ atMs, provider }) => [atMs, provider] as const);
const countOf = (here: Virtual, name: string) => here.world.log.filter(({ provider }) => provider === name).length;

function pair(faults: readonly ScheduledFault[], route = {}): Virtual {
  const providers = [sim("alpha", ANTHROPIC, { words: WORDS }), sim("beta", ANTHROPIC, { words: WORDS })];
  return virtual({ providers, faults, route });
}

describe("retry-after", () => {
  test.each<[string, "same" | "next", low: number, high: number]>([
    ["0", "next", 0, 0],
    ["0.2", "next", 0, 0],
    ["2", "same", 2_000, 2_400],
    ["2.5", "same", 2_500, 3_000],
    ["3", "same", 3_000, 3_600],
    ["3.1", "next", 0, 0],
    ["60", "next", 0, 0],
    ["99999999999999999999", "next", 0, 0],
    ["-5", "next", 0, 0],
    ["1e3", "next", 0, 0],
    ["soon", "next", 0, 0],
    ["", "next", 0, 0],
    [new Date(EPOCH_MS + 2_000).toUTCString(), "same", 1_000, 2_400],
    [new Date(EPOCH_MS + 3_600_000).toUTCString(), "next", 0, 0],
    [new Date(EPOCH_MS - 3_600_000).toUTCString(), "next", 0, 0],
    ["Sun, 99 Foo 2026 99:99:99 GMT", "next", 0, 0],
  ])("%j: %s", async (retryAfter, who, lowMs, highMs) => {
    const here = pair([{ ...on("alpha", { kind: "rate-limit", retryAfter }), forMs: 10 }]);
    const client = here.ask();
    await here.rest();
    const [, second] = sent(here);
    expect(sent(here).length).toBe(2);
    expect(second?.[1]).toBe(who === "same" ? "alpha" : "beta");
    expect(Number(second?.[0]) - REFUSAL_MS).toBeWithin(lowMs, highMs + 0.001);
    expect(outcomeOf(client, WORDS).kind).toBe("complete");
  });

  test("a short one is waited for once", async () => {
    const here = pair([on("alpha", { kind: "rate-limit", retryAfter: "2" })]);
    const client = here.ask();
    await here.rest();
    expect(sent(here).map(([, name]) => name)).toEqual(["alpha", "alpha", "beta"]);
    const [, [againAtMs] = [0], [nextAtMs] = [0]] = sent(here);
    expect([isAfterTwoS(againAtMs), Math.round(nextAtMs - againAtMs)]).toEqual([true, REFUSAL_MS]);
    expect(client.delivery?.headers["x-holdfast-trail"]).toBe("alpha/m=rate-limited, alpha/m=rate-limited, beta/m=ok");
  });

  test("by one call; the others go elsewhere meanwhile, and come back", async () => {
    const here = pair([{ ...on("alpha", { kind: "rate-limit", retryAfter: "2" }), forMs: 100 }]);
    const waiting = here.ask();
    await here.world.run(500);
    const others = [here.ask({ prompt: "second" }), here.ask({ prompt: "third" })];
    await here.world.run(5_000);
    here.ask({ prompt: "later" });
    await here.rest();
    expect(rough(here)).toEqual([
      [0, "alpha"],
      [500, "beta"],
      [500, "beta"],
      ["2 s later", "alpha"],
      [5_000, "alpha"],
    ]);
    for (const client of [waiting, ...others]) expect(outcomeOf(client, WORDS).kind).toBe("complete");
  });

  test("a call that is refused while another waits does not wait too", async () => {
    const here = pair([{ ...on("alpha", { kind: "rate-limit", retryAfter: "2" }), forMs: 15 }]);
    here.ask({ prompt: "first" });
    await here.world.run(10);
    here.ask({ prompt: "second" });
    await here.rest();
    expect(rough(here)).toEqual([
      [0, "alpha"],
      [10, "alpha"],
      [30, "beta"],
      ["2 s later", "alpha"],
    ]);
  });

  test("a long one keeps every call away until it is over", async () => {
    const here = pair([{ ...on("alpha", { kind: "overloaded", retryAfter: "30" }), forMs: 100 }]);
    for (const atMs of [0, 1_000, 10_000, 29_000, 31_000]) {
      await here.world.run(atMs);
      here.ask({ prompt: `at ${atMs}` });
    }
    await here.rest();
    expect(sent(here)).toEqual([
      [0, "alpha"],
      [20, "beta"],
      [1_000, "beta"],
      [10_000, "beta"],
      [29_000, "beta"],
      [31_000, "alpha"],
    ]);
  });

  test("with nobody else it is tried all the same: never fail closed", async () => {
    const fault = { ...on("alpha", { kind: "overloaded", retryAfter: "30" }), forMs: 100 } as const;
    const here = virtual({ providers: [sim("alpha", CHAT, { words: WORDS })], faults: [fault] });
    here.ask();
    await here.world.run(6_000);
    const second = here.ask({ prompt: "another" });
    await here.rest();
    expect(sent(here).at(-1)).toEqual([6_000, "alpha"]);
    expect(outcomeOf(second, WORDS).kind).toBe("complete");
  });

  test.each([
    ["2", "2"],
    ["99999999", "60"],
    ["0", "1"],
    ["junk", "5"],
  ])("all rate-limited with %s: 429, and the client is told %s s", async (retryAfter, told) => {
    const limit = { kind: "rate-limit", retryAfter } as const;
    const here = pair([on("alpha", limit), on("beta", limit)]);
    const client = here.ask({ dialect: CHAT, stream: false });
    await here.rest();
    expect(client.delivery?.status).toBe(429);
    expect(client.delivery?.headers).toMatchObject({ "retry-after": told, "x-should-retry": "false" });
  });

  test("the earliest of several is told", async () => {
    const here = pair([
      on("alpha", { kind: "rate-limit", retryAfter: "50" }),
      on("beta", { kind: "rate-limit", retryAfter: "20" }),
    ]);
    const client = here.ask();
    await here.rest();
    expect(client.delivery?.headers["retry-after"]).toBe("20");
  });
});

describe("server faults", () => {
  test.each([{ kind: "server-error" }, { kind: "reset" }] as const)(
    "$kind: once more, then elsewhere",
    async (fault) => {
      const here = pair([on("alpha", fault)]);
      const client = here.ask();
      await here.rest();
      const [first, second, third] = sent(here);
      expect([first?.[1], second?.[1], third?.[1]]).toEqual(["alpha", "alpha", "beta"]);
      expect(Number(second?.[0])).toBeWithin(0, 20 + 250);
      expect(outcomeOf(client, WORDS).kind).toBe("complete");
    },
  );

  test.each(["overloaded", "credential", "model-missing", "context-too-long", "html", "empty"] as const)(
    "%s: elsewhere at once",
    async (kind) => {
      const here = pair([on("alpha", { kind })]);
      here.ask();
      await here.rest();
      expect(sent(here).map(([, provider]) => provider)).toEqual(["alpha", "beta"]);
    },
  );

  test("a burst of them: a retry while it is not suspected, then nearly nothing; afterwards it is used again", async () => {
    const sick = { ...on("alpha", { kind: "server-error" }), forMs: 100_000 } as const;
    const here = pair([sick]);
    for (let call = 0; call < 30; call++) {
      here.ask({ prompt: `burst ${call}` });
      await here.world.run((call + 1) * 3_000);
    }
    // The first call's two, the next one's; the rest are probes, one each 5 s.
    const probes = here.events.filter(({ type }) => type === "probe").length;
    expect([countOf(here, "alpha") - probes, countOf(here, "beta")]).toEqual([3, 30]);
    expect(probes).toBeLessThanOrEqual(90 / 5);
    await here.world.run(150_000);
    const before = countOf(here, "alpha");
    for (let call = 0; call < 20; call++) {
      here.ask({ prompt: `calm ${call}` });
      await here.world.run(150_000 + (call + 1) * 3_000);
    }
    expect(countOf(here, "alpha")).toBeGreaterThanOrEqual(before + 13);
    await here.rest();
  });
});

describe("the cap", () => {
  const many = (attempts: number) =>
    virtual({
      providers: ["alpha", "beta", "gamma", "delta", "epsilon"].map((name) => sim(name, ANTHROPIC)),
      faults: [{ ...on("*", { kind: "overloaded" }) }],
      route: { attempts },
    });

  test.each([1, 2, 3, 5])("%d attempts and no more", async (attempts) => {
    const here = many(attempts);
    const client = here.ask();
    await here.rest();
    expect(here.world.attempts()).toBe(attempts);
    expect(client.delivery?.headers["x-holdfast-attempts"]).toBe(String(attempts));
    expect(outcomeOf(client, WORDS)).toMatchObject({ kind: "refused", status: 529 });
  });

  test("a retry of the client is the same call: who failed comes last, and what was spent is spent", async () => {
    const here = many(3);
    here.ask();
    await here.world.run(6_000);
    expect(sent(here).map(([, provider]) => provider)).toEqual(["alpha", "beta", "gamma"]);
    here.ask({ retryCount: 1 });
    await here.world.run(12_000);
    // The cap is used up: one try remains, and it goes where nobody has failed yet.
    expect(sent(here).map(([, provider]) => provider)).toEqual(["alpha", "beta", "gamma", "delta"]);
    here.ask({ retryCount: 2 });
    await here.rest();
    expect(sent(here).at(-1)?.[1]).toBe("epsilon");
    expect(here.world.attempts()).toBe(5);
  });

  test("without that header it is a new call", async () => {
    const here = many(3);
    here.ask();
    await here.world.run(6_000);
    here.ask();
    await here.rest();
    expect(sent(here).map(([, provider]) => provider)).toEqual(["alpha", "beta", "gamma", "alpha", "beta", "gamma"]);
  });
});

describe("the memory of refused calls", () => {
  const down = () => pair([on("alpha", { kind: "overloaded" }), on("beta", { kind: "overloaded" })]);

  test("an identical body within five seconds costs no provider anything", async () => {
    const here = down();
    const first = here.ask();
    await here.world.run(4_000);
    const again = here.ask();
    const retried = here.ask({ retryCount: 1 });
    await here.world.run(4_001);
    expect(here.world.attempts()).toBe(2);
    for (const client of [again, retried]) {
      expect(client.endedAtMs).toBe(4_000);
      expect(client.delivery?.status).toBe(first.delivery?.status ?? 0);
      expect(new TextDecoder().decode(bytesOf(client)).replaceAll(client.call.id, first.call.id)).toBe(
        new TextDecoder().decode(bytesOf(first)),
      );
      expect(client.delivery?.headers["x-holdfast-call"]).toBe(client.call.id);
    }
    await here.world.run(5_100);
    here.ask();
    await here.rest();
    expect(here.world.attempts()).toBe(4);
  });

  test.each<Ask>([{ tenant: "other" }, { prompt: "other" }, { dialect: CHAT }, { stream: false }])(
    "another one does: %j",
    async (ask) => {
      const here = down();
      here.ask();
      await here.world.run(1_000);
      here.ask(ask);
      await here.rest();
      expect(here.world.attempts()).toBe(4);
    },
  );

  test("for as long as the client was told to wait, a minute at most", async () => {
    const limit = { kind: "rate-limit", retryAfter: "200" } as const;
    const here = pair([on("alpha", limit), on("beta", limit)]);
    for (const [atMs, attempts] of [
      [0, 2],
      [30_000, 2],
      [59_000, 2],
      [61_000, 4],
    ] as const) {
      await here.world.run(atMs);
      here.ask();
      await here.world.run(atMs + 500);
      expect([atMs, here.world.attempts()]).toEqual([atMs, attempts]);
    }
    await here.rest();
  });

  test("an answer ends it, and the caller's own faults are not kept", async () => {
    const here = pair([on("alpha", { kind: "bad-request" })]);
    here.ask();
    await here.world.run(1_000);
    here.ask();
    await here.rest();
    expect(here.world.attempts()).toBe(2);
  });
});

test("a call that costs a thousand others is tried again once; what it cost has to be earned before that is done again", async () => {
  const here = virtual({
    providers: [sim("alpha", ANTHROPIC, { words: WORDS })],
    faults: [{ ...on("alpha", { kind: "server-error" }), atMs: 200_000 }],
    priceOf: () => ({ inputPerMillionUsd: 3, outputPerMillionUsd: 0 }),
  });
  for (let tick = 0; tick < 60; tick++) {
    await here.world.run(tick * 1_000);
    here.ask({ prompt: `q${tick}` });
  }
  await here.world.run(210_000);
  const first = here.ask({ prompt: "a".repeat(150_000) });
  await here.world.run(215_000);
  const second = here.ask({ prompt: "b".repeat(150_000) });
  await here.rest();
  const attempts = [first, second].map(({ delivery }) => delivery?.headers["x-holdfast-attempts"]);
  expect(attempts).toEqual(["2", "1"]);
});
