// Failover in the virtual world when the backup cannot take it all: its load grows no faster than it may, a rate limit that it
// never told of is learnt from a few refusals, and nobody is refused for a guess. The rule is `policies/headroom.test.ts`.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Criticality } from "../../src/core/call.ts";
import { identityOf } from "../../src/engine/keyed-target.ts";
import { growthLimit } from "../../src/policies/headroom.ts";
import { type Limited, limited } from "../support/limited.ts";
import { ANTHROPIC, CHAT, type Client, on, sim, virtual } from "../support/virtual.ts";

setDefaultTimeout(60_000);

const [DOWN_MS, UP_MS, END_MS] = [60_000, 360_000, 420_000];
const RATE_PER_S = 20;
const LEVELS: readonly Criticality[] = ["critical", "default", "sheddable", "default"];

/** Alpha is down for five minutes; beta takes `perMinute` and says so by 429 alone. */
async function play(perMinute: number, names: readonly string[], seed = 1) {
  let limits: Limited | undefined;
  const here = virtual({
    seed,
    providers: names.map((name) => sim(name, name === "beta" ? CHAT : ANTHROPIC)),
    faults: [{ ...on("alpha", { kind: "overloaded" }), atMs: DOWN_MS, forMs: UP_MS - DOWN_MS }],
    transport: (world) => {
      limits = limited(world, { provider: "beta", perMinute, headersOf: () => ({}) });
      return limits.transport;
    },
  });
  const asked: { readonly client: Client; readonly atMs: number; readonly level: Criticality }[] = [];
  for (let tick = 0; tick < (END_MS / 1_000) * RATE_PER_S; tick++) {
    const atMs = (tick * 1_000) / RATE_PER_S;
    await here.world.run(atMs);
    const level = LEVELS[tick % LEVELS.length] ?? "default";
    asked.push({ client: here.ask({ prompt: `q${tick}`, criticality: level }), atMs, level });
  }
  await here.rest();
  // The first minute of the outage empties what the bucket had saved up.
  const during = asked.filter(({ atMs }) => atMs >= DOWN_MS + 60_000 && atMs < UP_MS);
  const answered = (some: typeof asked) => some.filter(({ client }) => client.delivery?.status === 200).length;
  const sentTo = (target: string) =>
    here.events.filter(
      (event) =>
        event.type === "attempt-start" &&
        event.target === target &&
        event.atMs >= DOWN_MS + 60_000 &&
        event.atMs < UP_MS,
    ).length;
  return { here, asked, during, answered, sentTo, refused: limits?.refused.get("key-of-beta") ?? 0 };
}

describe("a backup that takes half of it", () => {
  test("and a third target: it takes the rest, and hardly a call meets a 429", async () => {
    const { asked, answered, during, refused, sentTo } = await play(600, ["alpha", "beta", "gamma"]);
    expect(answered(asked)).toBe(asked.length);
    expect(refused).toBeLessThanOrEqual(0.02 * during.length);
    // It is not left alone for its few refusals.
    expect(sentTo("beta/m")).toBeGreaterThan(0.4 * during.length);
    expect(sentTo("alpha/m")).toBeLessThanOrEqual(0.03 * during.length);
  });

  test("and nobody else: it is used to its limit, critical calls first, and the dead one is left alone", async () => {
    const { during, answered, refused, sentTo } = await play(600, ["alpha", "beta"]);
    const of = (level: Criticality) => {
      const some = during.filter((each) => each.level === level);
      return answered(some) / some.length;
    };
    expect(answered(during)).toBeGreaterThan(0.4 * during.length);
    expect(of("critical")).toBeGreaterThan(0.8);
    expect(of("critical")).toBeGreaterThan(of("default"));
    expect(of("default")).toBeGreaterThan(of("sheddable"));
    // Without the rule six in ten, and half of the calls tried the dead one.
    expect(refused).toBeLessThanOrEqual(0.06 * during.length);
    expect(sentTo("alpha/m")).toBeLessThanOrEqual(0.08 * during.length);
    const told = during.filter(({ client }) => client.delivery?.status !== 200);
    // A second for room, and once the `retry-after` of 2 s with its jitter.
    expect(Math.max(...told.map(({ client, atMs }) => client.endedAtMs - atMs))).toBeLessThanOrEqual(3_500);
  });
});

describe("a sudden load of two million tokens a minute", () => {
  const PROMPT = "x".repeat(70_000);
  async function surge(names: readonly string[], seconds: number) {
    const here = virtual({
      providers: names.map((name) => sim(name, name === "beta" ? CHAT : ANTHROPIC)),
      faults: [{ ...on("alpha", { kind: "overloaded" }), atMs: 60_000, forMs: 600_000 }],
    });
    const sent: number[] = [];
    const clients: Client[] = [];
    for (let tick = 0; tick < seconds * 2; tick++) {
      await here.world.run((tick * 1_000) / 2);
      clients.push(here.ask({ prompt: `${PROMPT}${tick}` }));
      const { tokens } = here.engine.cells.headroom(identityOf({ name: "beta", url: here.world.url("beta") }, "m"));
      const minute = Math.floor(tick / (60 * 2));
      sent[minute] = Math.max(sent[minute] ?? 0, tokens);
    }
    await here.rest();
    return { here, sent, failed: clients.filter(({ delivery }) => delivery?.status !== 200).length };
  }

  test("with a third target: the backup grows by half a quarter of an hour, the third takes the rest", async () => {
    const { here, sent, failed } = await surge(["alpha", "beta", "gamma"], 660);
    expect(failed).toBe(0);
    const cell = here.engine.cells.headroom(identityOf({ name: "beta", url: here.world.url("beta") }, "m"));
    // What ten seconds may save up comes on top, once.
    expect(Math.max(...sent)).toBeLessThanOrEqual(1.2 * growthLimit(cell));
    expect(growthLimit(cell)).toBeLessThanOrEqual(1_000_000 * 1.5 ** (11 / 15));
    expect(Math.max(...sent)).toBeGreaterThan(900_000);
  });

  test("with nobody else: nobody is refused for a guess", async () => {
    const { failed, sent } = await surge(["alpha", "beta"], 240);
    expect(failed).toBe(0);
    expect(Math.max(...sent)).toBeGreaterThan(1_800_000);
  });
});
