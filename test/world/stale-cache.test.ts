// Answers that were given are given again in a blackout: to the same question, of the same tenant, in the dialect and form of
// whoever asks then. And what is never kept.

import { describe, expect, test } from "bun:test";
import type { CacheWish, DialectId } from "../../src/core/call.ts";
import { CancelSource } from "../../src/core/cancel.ts";
import { fault } from "../../src/core/fault.ts";
import type { ServedBy } from "../../src/core/reply.ts";
import type { CacheSettings } from "../../src/core/settings.ts";
import { randomStream } from "../../src/sim/random.ts";
import { read } from "../support/lanes.ts";
import { outcomeOf } from "../support/outcome.ts";
import { ANTHROPIC, type Ask, bytesOf, CHAT, type Client, callOf, on, sim, virtual } from "../support/virtual.ts";
import { readWhole } from "../support/whole-reader.ts";

const WORDS = 8;
const TTL_MS = 60_000;
const STALE_MS = 600_000;
/** On the world's clock: until then alpha answers. */
const DOWN_AT_MS = 30_000;

const CACHE: CacheSettings = {
  healthy: "off",
  outage: "exact",
  scope: "tenant",
  ttlMs: TTL_MS,
  staleIfErrorMs: STALE_MS,
};

const worldOf = (cache: CacheSettings, ...more: readonly ReturnType<typeof on>[]) =>
  virtual({
    providers: [sim("alpha", ANTHROPIC, { words: WORDS })],
    route: { cache, lastResort: [{ type: "stale-cache" }] },
    faults: [{ ...on("alpha", { kind: "overloaded" }), atMs: DOWN_AT_MS }, ...more],
  });
const world = (...more: readonly ReturnType<typeof on>[]) => worldOf(CACHE, ...more);

const FORMS = ([ANTHROPIC, CHAT] as readonly DialectId[]).flatMap((dialect) =>
  [true, false].map((stream) => ({ dialect, stream })),
);
const PAIRS = FORMS.flatMap((first) => FORMS.map((then) => ({ first, then })));

async function twice(first: Ask, then: Ask, thenAtMs = DOWN_AT_MS + 10_000) {
  const here = world();
  const before = here.ask(first);
  await here.world.run(thenAtMs);
  const after = here.ask(then);
  await here.rest();
  return { here, before, after };
}

const servedBy = (client: Client) => client.delivery?.headers["x-holdfast-served-by"];

describe("the same question in a blackout", () => {
  test.each(PAIRS)("asked as $first, then as $then", async ({ first, then }) => {
    const { before, after } = await twice(first, then);
    const [given, again] = [outcomeOf(before, WORDS), outcomeOf(after, WORDS)];
    expect([again.kind, again.text]).toEqual(["complete", given.text]);
    expect(after.delivery?.headers).toMatchObject({
      "x-holdfast-served-by": "stale-cache",
      "x-holdfast-degraded": "stale",
      "x-holdfast-target": "alpha/m",
    });
    expect(Number(after.delivery?.headers.age)).toBeWithin(35, 41);
    expect(after.delivery?.headers["cache-status"]).toMatch(/^holdfast; fwd=stale; ttl=\d+; detail="stale-if-error"$/);
    if (then.stream) expect(read(then.dialect, bytesOf(after), false).violations).toEqual([]);
  });

  test("past its ttl it says so; past stale-if-error it is not given", async () => {
    const stale = await twice({}, {}, TTL_MS + 60_000);
    expect(stale.after.delivery?.headers["cache-status"]).toMatch(/ttl=-\d+;/);
    const gone = await twice({ stream: false }, { stream: false }, TTL_MS + STALE_MS + 60_000);
    expect(outcomeOf(gone.after, WORDS).kind).toBe("refused");
  });

  test("while the target answers nothing kept is given", async () => {
    const { after } = await twice({}, {}, 10_000);
    expect([servedBy(after), after.delivery?.headers.age]).toEqual(["target", undefined]);
  });
});

test.each<[string, Ask, Ask]>([
  ["another tenant's", { tenant: "one" }, { tenant: "two" }],
  ["to another question", { prompt: "hello" }, { prompt: "hello!" }],
  ["of a tool call", { tools: "any" }, { tools: "any" }],
])("never given: %s", async (_, first, then) => {
  const { here, after } = await twice({ ...first, stream: false }, { ...then, stream: false });
  expect(outcomeOf(after, WORDS).kind).toBe("refused");
  if (first.tools !== undefined) expect(here.engine.cells.answers.bytes).toBe(0);
});

test.each<[string, ServedBy | undefined]>([
  ["hi, what's the capital of france", "stale-cache"],
  ["What is the capital of Germany?", undefined],
  ["What is not the capital of France?", undefined],
])("where stems will do, asked before for the capital of France: %s", async (prompt, expected) => {
  const here = worldOf({ ...CACHE, outage: "stem" });
  here.ask({ prompt: "What is the capital of France?" });
  await here.world.run(DOWN_AT_MS + 10_000);
  const after = here.ask({ prompt, stream: false, dialect: CHAT });
  await here.rest();
  expect(servedBy(after)).toBe(expected);
});

test("a tenant is never given what another asked, whatever their names and questions", async () => {
  const tenants = ["a", "b", "a\nb", "tenant", "route\nchat", "global", "", "ä"];
  const prompts = Array.from({ length: 6 }, (_, index) => `What is ${index}?`);
  const asked = new Set<string>();
  const random = randomStream(11, "tenants");
  const here = worldOf({ ...CACHE, outage: "stem" });
  for (const tenant of tenants) {
    for (const prompt of prompts) {
      if (random() < 0.5) continue;
      asked.add(JSON.stringify([tenant, prompt]));
      here.ask({ tenant, prompt, stream: random() < 0.5, dialect: random() < 0.5 ? CHAT : ANTHROPIC });
    }
  }
  await here.world.run(DOWN_AT_MS + 10_000);
  const again = tenants.flatMap((tenant) =>
    prompts.map((prompt) => ({ tenant, prompt, client: here.ask({ tenant, prompt, stream: false }) })),
  );
  await here.rest();
  for (const { tenant, prompt, client } of again) {
    const given = servedBy(client) === "stale-cache";
    expect([tenant, prompt, given]).toEqual([tenant, prompt, asked.has(JSON.stringify([tenant, prompt]))]);
  }
});

test("an answer that broke, or was left, is not kept", async () => {
  const broken = world({ ...on("alpha", { kind: "cut", after: 2 }), atMs: 0, forMs: DOWN_AT_MS });
  broken.ask();
  await broken.rest();
  const left = world();
  const client = left.ask();
  while (client.pieces.length === 0) await left.world.run(left.world.clock.now() + 5);
  client.cancel.cancel(fault("cancelled", "the client left"));
  await left.rest();
  expect([broken.engine.cells.answers.bytes, left.engine.cells.answers.bytes]).toEqual([0, 0]);
});

test.each(PAIRS)(
  "a tool call, where the route has it kept: asked as $first, then as $then",
  async ({ first, then }) => {
    const here = worldOf({ ...CACHE, tools: true });
    const before = here.ask({ ...first, tools: "any" });
    await here.world.run(DOWN_AT_MS + 10_000);
    const after = here.ask({ ...then, tools: "any" });
    await here.rest();
    const calledBy = (client: Client): readonly unknown[] =>
      client.call.stream
        ? read(client.call.dialect, bytesOf(client), false).tools.map(({ name, json }) => [name, JSON.parse(json)])
        : readWhole(client.call.dialect, bytesOf(client)).tools;
    expect(servedBy(after)).toBe("stale-cache");
    expect(calledBy(before).length).toBe(1);
    expect(calledBy(after)).toEqual(calledBy(before));
  },
);

test("nothing is kept before the answer was delivered", async () => {
  const here = world();
  const client = here.ask({ readEveryMs: 500 });
  let piecesWhenKept = 0;
  while (client.endedAtMs < 0) {
    if (piecesWhenKept === 0 && here.engine.cells.answers.bytes > 0) piecesWhenKept = client.pieces.length;
    await here.world.run(here.world.clock.now() + 1);
  }
  await here.rest();
  expect(client.pieces.length).toBeGreaterThan(3);
  expect(piecesWhenKept).toBe(client.pieces.length);
});

test.each<[string, CacheWish, CacheWish, ServedBy | undefined]>([
  ["no-store", { noStore: true, noCache: false }, { noStore: false, noCache: false }, undefined],
  ["no-cache", { noStore: false, noCache: false }, { noStore: false, noCache: true }, undefined],
  [
    "max-stale, too stale",
    { noStore: false, noCache: false },
    { noStore: false, noCache: false, maxStaleMs: 1_000 },
    undefined,
  ],
  [
    "max-stale, enough",
    { noStore: false, noCache: false },
    { noStore: false, noCache: false, maxStaleMs: 90_000 },
    "stale-cache",
  ],
])("cache-control: %s", async (_, first, then, expected) => {
  const here = world();
  const ask = async (id: string, cache: CacheWish) => {
    const reply = await here.engine.answer({ ...callOf(id, { stream: false }), cache }, new CancelSource());
    if (reply.ok) while ((await reply.frames.read()) !== undefined);
    return reply;
  };
  const before = ask("first", first);
  await here.world.run(TTL_MS + 60_000);
  expect((await before).ok).toBe(true);
  const after = ask("then", then);
  await here.rest();
  const reply = await after;
  expect(reply.ok ? reply.servedBy : undefined).toBe(expected);
});

test("of a burst each answer is kept, and no timer is left", async () => {
  const here = world();
  for (let i = 0; i < 50; i++) here.ask({ prompt: `question ${i}`, stream: i % 2 === 0 });
  await here.rest();
  expect(here.engine.cells.answers.purge(() => true)).toBe(50);
});
