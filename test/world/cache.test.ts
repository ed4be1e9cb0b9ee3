// Kept answers while all is well, on a route that asks for them: fresh ones alone, what the client's `cache-control` makes of
// it, one upstream call for all who ask the very same, and an outage that needs no attempt.

import { describe, expect, test } from "bun:test";
import type { CacheWish } from "../../src/core/call.ts";
import { CancelSource } from "../../src/core/cancel.ts";
import { type FaultKind, fault } from "../../src/core/fault.ts";
import type { ServedBy } from "../../src/core/reply.ts";
import type { CacheSettings } from "../../src/core/settings.ts";
import { outcomeOf } from "../support/outcome.ts";
import { ANTHROPIC, type Ask, bytesOf, CHAT, type Client, callOf, on, sim, virtual } from "../support/virtual.ts";

const WORDS = 20;
const TTL_MS = 60_000;
const CACHE: CacheSettings = {
  healthy: "exact",
  outage: "exact",
  scope: "tenant",
  ttlMs: TTL_MS,
  staleIfErrorMs: 600_000,
};

const world = (cache: CacheSettings = CACHE, faults: readonly ReturnType<typeof on>[] = [], more: object = {}) =>
  virtual({
    providers: [sim("alpha", ANTHROPIC, { words: WORDS })],
    route: { cache, lastResort: [{ type: "stale-cache" }], ...more },
    faults,
  });

const headersOf = (client: Client) => client.delivery?.headers ?? {};
const servedBy = (client: Client) => headersOf(client)["x-holdfast-served-by"];
const attemptsOf = (here: ReturnType<typeof world>) =>
  here.events.filter(({ type }) => type === "attempt-start").length;
/** Runs to the millisecond at which the client has all of its answer. */
async function endOf({ world: { run } }: ReturnType<typeof world>, client: Client): Promise<number> {
  for (let ms = 0; ms < 20_000; ms++) {
    await run(ms);
    if (client.endedAtMs >= 0) return ms;
  }
  throw new Error("no end");
}
const FORMS = [ANTHROPIC, CHAT].flatMap((dialect) => [true, false].map((stream) => ({ dialect, stream }) as Ask));

describe("while all is well", () => {
  test.each(FORMS)("the same again is given from what is kept: $dialect, stream $stream", async (form) => {
    const here = world();
    const first = here.ask();
    await here.world.run(20_000);
    const again = here.ask(form);
    await here.rest();
    expect(outcomeOf(again, WORDS)).toMatchObject({ kind: "complete", text: outcomeOf(first, WORDS).text });
    expect(headersOf(first)["cache-status"]).toBe("holdfast; fwd=miss");
    expect(headersOf(again)).toMatchObject({ "x-holdfast-served-by": "cache", "x-holdfast-attempts": "0" });
    expect(headersOf(again)["cache-status"]).toMatch(/^holdfast; hit; ttl=\d+$/);
    expect(Number(headersOf(again).age)).toBeGreaterThan(10);
    expect(headersOf(again)["x-holdfast-degraded"]).toBeUndefined();
    expect(attemptsOf(here)).toBe(1);
  });

  test.each([false, true])("the very same right behind the end of the first: stream %p", async (stream) => {
    const here = world();
    const first = here.ask({ stream });
    const endMs = await endOf(here, first);
    const again = here.ask({ stream });
    await here.world.run(endMs + 1);
    expect(servedBy(again)).toBe("cache");
    await here.rest();
    expect(outcomeOf(again, WORDS).text).toBe(outcomeOf(first, WORDS).text);
    expect(attemptsOf(here)).toBe(1);
  });

  test("what is thrown away right behind the end of a call stays away", async () => {
    const here = world();
    const first = here.ask();
    await endOf(here, first);
    expect(here.engine.cells.answers.purge(() => true)).toBe(1);
    await here.world.run(20_000);
    const again = here.ask();
    await here.rest();
    expect(servedBy(again)).toBe("target");
  });

  test("what is no longer fresh is asked anew, and so is another tenant's, and other words", async () => {
    const here = world();
    here.ask();
    await here.world.run(20_000);
    const [other, words] = [here.ask({ tenant: "b" }), here.ask({ prompt: "Hello" })];
    await here.world.run(TTL_MS + 30_000);
    const late = here.ask();
    await here.rest();
    expect([other, words, late].map(servedBy)).toEqual(["target", "target", "target"]);
  });

  test("a route that reads only in an outage asks each time, and nothing is told of a cache", async () => {
    const here = world({ ...CACHE, healthy: "off" });
    here.ask();
    await here.world.run(20_000);
    const again = here.ask();
    await here.rest();
    expect([servedBy(again), headersOf(again)["cache-status"], attemptsOf(here)]).toEqual(["target", undefined, 2]);
  });

  test("stems will do where the route says so", async () => {
    const here = world({ ...CACHE, healthy: "stem" });
    here.ask({ prompt: "What is the capital of France?" });
    await here.world.run(20_000);
    const again = here.ask({ prompt: "what's the capital of france" });
    await here.rest();
    expect(servedBy(again)).toBe("cache");
  });
});

const PLAIN: CacheWish = { noStore: false, noCache: false };
test.each<[string, number, CacheWish, ServedBy | FaultKind, string | undefined]>([
  ["no-cache", 20_000, { ...PLAIN, noCache: true }, "target", "holdfast; fwd=request"],
  ["no-store", 20_000, { ...PLAIN, noStore: true }, "target", "holdfast; fwd=request"],
  ["max-age, too old", 30_000, { ...PLAIN, maxAgeMs: 5_000 }, "target", "holdfast; fwd=miss"],
  ["max-age, young enough", 20_000, { ...PLAIN, maxAgeMs: 30_000 }, "cache", undefined],
  ["min-fresh, not for so long", 40_000, { ...PLAIN, minFreshMs: 50_000 }, "target", "holdfast; fwd=miss"],
  ["min-fresh, for longer", 20_000, { ...PLAIN, minFreshMs: 30_000 }, "cache", undefined],
  ["max-stale", TTL_MS + 30_000, { ...PLAIN, maxStaleMs: 60_000 }, "cache", undefined],
  [
    "stale-if-error, and no error",
    TTL_MS + 30_000,
    { ...PLAIN, staleIfErrorMs: 60_000 },
    "target",
    "holdfast; fwd=miss",
  ],
  ["only-if-cached", 20_000, { ...PLAIN, onlyIfCached: true }, "cache", undefined],
  ["only-if-cached, stale", TTL_MS + 30_000, { ...PLAIN, onlyIfCached: true }, "not-cached", undefined],
])("cache-control: %s", async (_, atMs, cache, expected, status) => {
  const here = world();
  here.ask({ stream: false });
  await here.world.run(atMs);
  const asked = here.engine.answer({ ...callOf("then", { stream: false }), cache }, new CancelSource());
  await here.rest();
  const reply = await asked;
  expect(reply.ok ? reply.servedBy : reply.fault.kind).toBe(expected);
  if (status !== undefined && reply.ok) expect(reply.headers["cache-status"]).toBe(status);
});

test.each([{}, { cache: undefined, lastResort: [] }])("only-if-cached is never sent to a target: %j", async (more) => {
  const here = world(CACHE, [], more);
  const cache = { ...PLAIN, onlyIfCached: true };
  const reply = await here.engine.answer({ ...callOf("c", {}), cache }, new CancelSource());
  expect([reply.ok, attemptsOf(here)]).toEqual([false, 0]);
});

describe("the very same at the same time", () => {
  test.each(FORMS)("is one upstream call: $dialect, stream $stream", async (form) => {
    const here = world();
    const first = here.ask(form);
    await here.world.run(200);
    const others = [0, 300, 1].map((readEveryMs) => here.ask({ ...form, readEveryMs }));
    const [another, tenant] = [here.ask({ ...form, prompt: "another" }), here.ask({ ...form, tenant: "b" })];
    await here.rest();
    expect(attemptsOf(here)).toBe(3);
    for (const other of others) {
      expect(Buffer.from(bytesOf(other)).toString()).toBe(Buffer.from(bytesOf(first)).toString());
      expect(headersOf(other)["cache-status"]).toBe("holdfast; fwd=miss; collapsed");
      expect(headersOf(other)["x-holdfast-attempts"]).toBe("0");
    }
    expect([another, tenant].map((client) => headersOf(client)["cache-status"])).toEqual(
      Array(2).fill("holdfast; fwd=miss"),
    );
    const billed = here.events.flatMap((event) => (event.type === "call-end" ? [event.usage?.outputTokens ?? 0] : []));
    expect(billed.filter((tokens) => tokens > 0).length).toBe(3);
  });

  test.each([5, 210, 380])("outlives whoever asked first, leaving after %i ms", async (leaveMs) => {
    const here = world();
    const first = here.ask();
    const second = here.ask();
    await here.world.run(leaveMs);
    first.cancel.cancel(fault("cancelled", "the client left"));
    await here.rest();
    expect(outcomeOf(second, WORDS).kind).toBe("complete");
    expect(attemptsOf(here)).toBe(1);
  });

  test.each([5, 250])("ends when all have left, after %i ms", async (leaveMs) => {
    const here = world();
    const clients = [here.ask(), here.ask(), here.ask()];
    await here.world.run(leaveMs);
    for (const { cancel } of clients) cancel.cancel(fault("cancelled", "the client left"));
    await here.rest();
    const end = here.events.find((event) => event.type === "attempt-end");
    expect(end).toMatchObject({ fault: "cancelled" });
    expect(here.engine.cells.answers.bytes).toBe(0);
    // Whoever comes now begins anew.
    const later = here.ask();
    await here.rest();
    expect(outcomeOf(later, WORDS).kind).toBe("complete");
  });

  test("a deadline is its own caller's", async () => {
    const here = world();
    const hasty = here.ask({ stream: false, deadlineMs: 50 });
    const patient = here.ask({ stream: false });
    await here.rest();
    expect([hasty.delivery?.status, outcomeOf(patient, WORDS).kind]).toEqual([504, "complete"]);
    expect(hasty.endedAtMs).toBe(50);
  });

  test("a refusal is everybody's, after one set of attempts", async () => {
    const here = world(CACHE, [on("alpha", { kind: "overloaded" })]);
    const clients = [here.ask({ stream: false }), here.ask({ stream: false })];
    await here.rest();
    expect(clients.map(({ delivery }) => delivery?.status)).toEqual([529, 529]);
    expect(new Set(here.events.flatMap((event) => (event.type === "attempt-start" ? [event.call] : []))).size).toBe(1);
  });
});

test("where nobody is believed to answer, what is kept is given without an attempt, and at once", async () => {
  const here = world({ ...CACHE, healthy: "off" }, [{ ...on("alpha", { kind: "silence" }), atMs: 60_000 }]);
  here.ask({ prompt: "kept", stream: false });
  await here.world.run(60_000);
  for (let i = 0; i < 60; i++) {
    here.ask({ prompt: `other ${i}`, stream: false });
    await here.world.run(60_000 + i * 1_000);
  }
  expect(here.events.some((event) => event.type === "belief" && event.state === "ejected")).toBe(true);
  const askedAtMs = here.world.clock.now();
  const before = attemptsOf(here);
  const again = Array.from({ length: 5 }, () => here.ask({ prompt: "kept", stream: false }));
  await here.world.run(askedAtMs + 50);
  expect(again.map(servedBy)).toEqual(Array(5).fill("stale-cache"));
  expect(headersOf(again[0] as Client)["cache-status"]).toMatch(/^holdfast; hit; /);
  expect(attemptsOf(here)).toBe(before);
  await here.rest();
});
