// Each deadline by name, at its exact virtual time, and what it must not do: a slow client is never the provider's silence.

import { describe, expect, test } from "bun:test";
import type { GatewayEvent } from "../../src/core/gateway-event.ts";
import { outcomeOf } from "../support/outcome.ts";
import { ANTHROPIC, type Ask, CHAT, on, sim, type Virtual, virtual } from "../support/virtual.ts";

const WORDS = 8;
const FIRST_MS = 200;
const GAP_MS = 10;
/** The headers of a simulated provider that refuses, and its body. */
const NEVER_MS = 86_400_000;

type AttemptEnd = Extract<GatewayEvent, { type: "attempt-end" }>;

function ends({ events }: Pick<Virtual, "events">): readonly (readonly [number, string, string | undefined])[] {
  return events
    .filter((event): event is AttemptEnd => event.type === "attempt-end")
    .map(({ atMs, target, fault }) => [atMs, target, fault]);
}

const pair = (faults: Parameters<typeof on>[1], more: { route?: object; words?: number } = {}) =>
  virtual({
    providers: [sim("alpha", ANTHROPIC, { words: more.words ?? WORDS }), sim("beta", CHAT, { words: WORDS })],
    faults: [on("alpha", faults)],
    ...(more.route && { route: more.route }),
  });

describe("first-token", () => {
  test.each([
    { kind: "silence" },
    { kind: "stall-after-headers" },
    { kind: "pings-only" },
    { kind: "slow-first-token" },
    { kind: "stall", after: 0 },
  ] as const)("$kind: ten seconds to the millisecond, then the next target", async (fault) => {
    const here = pair(fault);
    const client = here.ask({ openMs: NEVER_MS });
    await here.rest();
    expect(ends(here)).toEqual([
      [10_000, "alpha/m", "first-token-timeout"],
      [10_000 + FIRST_MS + (WORDS - 1) * GAP_MS, "beta/m", undefined],
    ]);
    expect(client.openedAtMs).toBe(10_000 + FIRST_MS);
    expect(here.world.log[0]).toMatchObject({ ended: "cancelled", endedAtMs: 10_000 });
    expect(outcomeOf(client, WORDS).kind).toBe("complete");
  });

  test("a token that comes in time but is held is in time: silence counts from there", async () => {
    const here = pair({ kind: "stall", after: 2 });
    const client = here.ask({ tools: "any", openMs: NEVER_MS });
    await here.rest();
    const secondAtMs = FIRST_MS + GAP_MS;
    expect(ends(here)[0]).toEqual([secondAtMs + 15_000, "alpha/m", "idle-timeout"]);
    // Nothing of the call was let through, so another target makes it.
    expect(outcomeOf(client, WORDS)).toMatchObject({ kind: "complete", tools: 1 });
  });

  test("auto: thirty seconds", async () => {
    const here = pair({ kind: "silence" }, { route: { timeouts: { ...AUTO, totalMs: 600_000 } } });
    here.ask({ openMs: NEVER_MS });
    await here.rest();
    expect(ends(here)[0]?.[0]).toBe(30_000);
  });
});

const AUTO = { connectMs: 5_000, firstTokenMs: "auto", wholeMs: "auto", idleMs: "auto" } as const;

describe("whole", () => {
  test.each([{ kind: "silence" }, { kind: "stall" }, { kind: "pings-only" }] as const)("$kind", async (fault) => {
    const here = pair(fault);
    const client = here.ask({ stream: false });
    await here.rest();
    expect(ends(here)[0]).toEqual([20_000, "alpha/m", "whole-timeout"]);
    expect(outcomeOf(client, WORDS).kind).toBe("complete");
  });

  test("auto: first token, and as long as a slow model writes what was allowed", async () => {
    const here = pair({ kind: "silence" }, { route: { timeouts: { ...AUTO, totalMs: 600_000 } } });
    here.ask({ stream: false });
    await here.rest();
    expect(ends(here)[0]?.[0]).toBe(30_000 + (500 / 20) * 1_000);
  });

  test("a body in drops is in time while the whole of it is", async () => {
    const here = pair({ kind: "drip", delayMs: 2_000 });
    const client = here.ask({ stream: false });
    await here.rest();
    expect(outcomeOf(client, WORDS)).toMatchObject({ kind: "complete", text: expect.stringContaining("alpha") });
  });
});

describe("idle", () => {
  test("fifteen seconds after the last byte", async () => {
    const here = pair({ kind: "stall", after: 3 });
    const client = here.ask();
    await here.rest();
    const lastAtMs = FIRST_MS + 2 * GAP_MS;
    expect(ends(here)).toEqual([[lastAtMs + 15_000, "alpha/m", "idle-timeout"]]);
    expect(client.endedAtMs).toBe(lastAtMs + 15_000);
    expect(outcomeOf(client, WORDS)).toMatchObject({ kind: "broken", text: "This is alpha " });
  });

  test("a client that takes a minute for every piece gets all of it", async () => {
    const here = pair({ kind: "byte-by-byte" }, { words: 6 });
    const client = here.ask({ readEveryMs: 60_000 });
    await here.rest();
    expect(outcomeOf(client, 6).kind).toBe("complete");
    const end = here.events.find((event): event is AttemptEnd => event.type === "attempt-end");
    expect(end?.fault).toBeUndefined();
    expect(end?.pausedMs).toBeGreaterThan(300_000);
  });

  test("a provider that falls silent is timed from when somebody reads again", async () => {
    const here = pair({ kind: "stall", after: 3 });
    const client = here.ask({ readEveryMs: 40_000 });
    await here.rest();
    const reads = client.pieces.length - 1;
    expect(ends(here)[0]?.[0]).toBe(FIRST_MS + reads * 40_000 + 15_000);
    expect(ends(here)[0]?.[2]).toBe("idle-timeout");
  });

  test("after the stop reason the marker is waited for five seconds, then supplied", async () => {
    const here = virtual({ providers: [sim("alpha", ANTHROPIC, { words: WORDS })], faults: [] });
    // The provider's last frame never comes: the world has no such fault, so its transport is wrapped.
    const { transport } = here.world.runtime;
    Object.assign(here.engine.runtime, {
      transport: async (...args: Parameters<typeof transport>) => {
        const response = await transport(...args);
        if (!("body" in response)) return response;
        const { body } = response;
        const read = async () => {
          const bytes = await body.read();
          const isMarker = bytes instanceof Uint8Array && new TextDecoder().decode(bytes).includes("message_stop");
          return isMarker
            ? new Promise<undefined>((resolve) => here.world.clock.after(60_000, () => resolve(undefined)))
            : bytes;
        };
        return { ...response, body: { ...body, read, cancel: body.cancel.bind(body), whole: body.whole.bind(body) } };
      },
    });
    const client = here.ask();
    await here.rest();
    expect(ends(here)).toEqual([[FIRST_MS + (WORDS - 1) * GAP_MS + 5_000, "alpha/m", undefined]]);
    expect(outcomeOf(client, WORDS).kind).toBe("complete");
  });
});

describe("total", () => {
  const route = { timeouts: { connectMs: 5_000, firstTokenMs: 3_000, wholeMs: 3_000, idleMs: 15_000, totalMs: 5_000 } };

  test.each([true, false])("until the commit, over all attempts; stream: %s", async (stream) => {
    const here = virtual({
      providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)],
      faults: [on("alpha", { kind: "silence" }), on("beta", { kind: "silence" })],
      route,
    });
    const client = here.ask({ stream });
    await here.rest();
    expect(ends(here)).toEqual([
      [3_000, "alpha/m", stream ? "first-token-timeout" : "whole-timeout"],
      [5_000, "beta/m", "deadline-exceeded"],
    ]);
    expect(client.endedAtMs).toBe(5_000);
    expect(client.delivery?.status).toBe(504);
    expect(outcomeOf(client, WORDS)).toMatchObject({ kind: "refused", errorType: "timeout_error" });
  });

  test("not after it", async () => {
    const here = virtual({ providers: [sim("alpha", ANTHROPIC, { words: 2_000 })], route });
    const client = here.ask({ dialect: CHAT });
    await here.rest();
    expect(client.endedAtMs).toBeGreaterThan(5_000);
    expect(ends(here)[0]?.[2]).toBeUndefined();
  });
});

describe("the client's own deadline", () => {
  const cases: readonly Ask[] = [{ stream: true }, { stream: false }, { stream: true, dialect: CHAT }];

  test.each(cases)("before the commit: 504 at that moment (%j)", async (ask) => {
    const here = pair({ kind: "silence" });
    const client = here.ask({ ...ask, deadlineMs: 1_234 });
    await here.rest();
    expect(client.endedAtMs).toBe(1_234);
    expect(client.delivery?.status).toBe(504);
    expect(here.world.attempts()).toBe(1);
    expect(here.world.log[0]).toMatchObject({ ended: "cancelled", endedAtMs: 1_234 });
  });

  test.each([ANTHROPIC, CHAT] as const)("after the commit it holds too: %s", async (dialect) => {
    const here = virtual({ providers: [sim("alpha", ANTHROPIC, { words: 200 })] });
    const client = here.ask({ dialect, deadlineMs: 500 });
    await here.rest();
    expect(client.endedAtMs).toBe(500);
    expect(ends(here)).toEqual([[500, "alpha/m", "deadline-exceeded"]]);
    const outcome = outcomeOf(client, 200);
    expect([outcome.kind, outcome.errorType]).toEqual(["broken", dialect === CHAT ? "timeout" : "timeout_error"]);
    expect(outcome.text).toStartWith("This is alpha with m: ");
  });

  test("one that has passed already touches nothing for longer than an instant", async () => {
    const here = pair({ kind: "silence" });
    await here.world.run(1_000);
    const client = here.ask({ deadlineMs: 900 });
    await here.rest();
    expect([client.endedAtMs, client.delivery?.status]).toEqual([1_000, 504]);
  });

  test("a wait that does not fit is not begun", async () => {
    const here = pair({ kind: "rate-limit", retryAfter: "2" });
    const client = here.ask({ deadlineMs: 1_500 });
    await here.rest();
    // Two seconds would be too long: the other target answers at once.
    expect(client.openedAtMs).toBe(20 + FIRST_MS);
    expect(outcomeOf(client, WORDS).text).toContain("beta");
  });
});
