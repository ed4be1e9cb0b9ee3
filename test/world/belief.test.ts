// A sick provider in the virtual world: it is left within seconds, nearly nothing is sent to it while it is sick, and it
// gets its calls back by a ramp. Figures of one run each are in docs/adr/0010-belief.md.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { GatewayEvent } from "../../src/core/gateway-event.ts";
import type { ScheduledFault } from "../../src/sim/fault-script.ts";
import { randomStream } from "../../src/sim/random.ts";
import { ANTHROPIC, CHAT, on, sim, type Virtual, virtual } from "../support/virtual.ts";

setDefaultTimeout(60_000);

interface Traffic {
  readonly ratePerS: number;
  readonly seconds: number;
  readonly tenants?: number;
  readonly seed?: number;
  readonly faults: readonly ScheduledFault[];
}

interface Played {
  readonly here: Virtual;
  readonly calls: number;
  readonly failed: number;
  /** Attempts on the primary between two moments. */
  primary(fromMs: number, untilMs: number): number;
  beliefs(target?: string): Extract<GatewayEvent, { type: "belief" }>[];
}

async function play({ ratePerS, seconds, tenants = 1, seed = 1, faults }: Traffic): Promise<Played> {
  const baseline = (name: string): ScheduledFault => ({ ...on(name, { kind: "server-error" }), share: 0.005 });
  const here = virtual({
    seed,
    providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)],
    faults: [...faults, baseline("alpha"), baseline("beta")],
  });
  const random = randomStream(seed, "traffic");
  let atMs = 0;
  let calls = 0;
  for (;;) {
    atMs += (-Math.log(1 - random()) * 1_000) / ratePerS;
    if (atMs > seconds * 1_000) break;
    await here.world.run(atMs);
    here.ask({ prompt: `question ${calls}`, tenant: `tenant${calls % tenants}` });
    calls++;
  }
  await here.rest();
  const ends = here.events.filter((event) => event.type === "call-end");
  const starts = here.events.filter((event) => event.type === "attempt-start" && event.target === "alpha/m");
  return {
    here,
    calls,
    failed: ends.filter((event) => event.ending !== "complete").length,
    primary: (fromMs, untilMs) => starts.filter((event) => event.atMs >= fromMs && event.atMs < untilMs).length,
    beliefs: (target = "alpha/m") =>
      here.events.filter((event) => event.type === "belief").filter((event) => event.target === target),
  };
}

function sick(script: Partial<ScheduledFault> & Pick<ScheduledFault, "kind">): ScheduledFault {
  return { ...on("alpha", { kind: script.kind }), atMs: 60_000, forMs: 300_000, share: 0.4, ...script };
}

function detectionMs(played: Played, sinceMs = 60_000): number {
  const change = played.beliefs().find(({ state, atMs }) => state === "ejected" && atMs >= sinceMs);
  return change === undefined ? Number.POSITIVE_INFINITY : change.atMs - sinceMs;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe("40 % overloaded for five minutes", () => {
  test("at 20 calls/s: left at once, kept at arm's length, back within three minutes, healed once", async () => {
    const played = await play({ ratePerS: 20, seconds: 560, faults: [sick({ kind: "overloaded" })] });
    expect(detectionMs(played)).toBeLessThanOrEqual(3_000);
    expect(played.failed).toBeLessThanOrEqual(1);
    const sickCalls = 20 * 300;
    expect(played.primary(60_000, 360_000)).toBeLessThanOrEqual(0.03 * sickCalls);
    const probes = played.here.events.filter((event) => event.type === "probe" && event.target === "alpha/m");
    expect(probes.length).toBeLessThanOrEqual(0.2 * 320);
    // The last 20 s of the run lie 180 to 200 s after the recovery.
    expect(played.primary(540_000, 560_000)).toBeGreaterThanOrEqual(0.9 * 20 * 20 * 0.9);
    expect(played.beliefs().filter(({ from, state }) => from === "ramp" && state === "healthy").length).toBe(1);
    expect(played.beliefs("beta/m").some(({ state }) => state === "ejected")).toBe(false);
  });

  test.each([1, 5])("at 1 call/s from %d tenants: seen in 12 s in the mean", async (tenants) => {
    const seen: number[] = [];
    for (let seed = 1; seed <= 40; seed++) {
      const faults = [sick({ kind: "overloaded", forMs: 90_000 })];
      seen.push(detectionMs(await play({ ratePerS: 1, seconds: 150, seed, tenants, faults })));
    }
    expect(mean(seen)).toBeLessThanOrEqual(12_000);
  });

  test("at 100 calls/s: seen in 0.5 s and the time that an error takes", async () => {
    const faults = [sick({ kind: "overloaded", atMs: 20_000, forMs: 10_000 })];
    const seen: number[] = [];
    for (let seed = 1; seed <= 3; seed++) {
      seen.push(detectionMs(await play({ ratePerS: 100, seconds: 25, seed, faults }), 20_000));
    }
    expect(mean(seen)).toBeLessThanOrEqual(1_000);
  });
});

test("a quarter of all calls failing is seen in 25 s at 1 call/s", async () => {
  const seen: number[] = [];
  for (let seed = 1; seed <= 40; seed++) {
    const faults = [sick({ kind: "overloaded", share: 0.25, forMs: 200_000 })];
    seen.push(detectionMs(await play({ ratePerS: 1, seconds: 260, seed, faults })));
  }
  expect(mean(seen)).toBeLessThanOrEqual(25_000);
});

test("silence is seen before its timeout at 20 calls/s", async () => {
  const faults = [sick({ kind: "silence", share: 1, forMs: 60_000 })];
  const seen: number[] = [];
  for (let seed = 1; seed <= 5; seed++)
    seen.push(detectionMs(await play({ ratePerS: 20, seconds: 125, seed, faults })));
  expect(mean(seen)).toBeLessThanOrEqual(5_000);
});

test("a healthy provider is never left", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const played = await play({ ratePerS: 20, seconds: 120, seed, faults: [] });
    expect(played.beliefs().filter(({ state }) => state === "ejected")).toEqual([]);
  }
});

test("a provider that recovers at once is used again within 30 s in the mean at one call in 4 s", async () => {
  const back: number[] = [];
  for (let seed = 1; seed <= 30; seed++) {
    const faults = [sick({ kind: "overloaded", share: 1, forMs: 200_000 })];
    const played = await play({ ratePerS: 0.25, seconds: 420, seed, faults });
    const first = played.here.events.find(
      (event) => event.type === "attempt-end" && event.target === "alpha/m" && event.atMs > 260_000 && !event.fault,
    );
    back.push((first?.atMs ?? 420_000) - 260_000);
  }
  expect(mean(back)).toBeLessThanOrEqual(30_000);
});

test.each<[string, Partial<ScheduledFault> & Pick<ScheduledFault, "kind">]>([
  ["rate limits", { kind: "rate-limit", retryAfter: "1" }],
  ["a rejected key", { kind: "credential" }],
  ["no credit", { kind: "status", status: 402 }],
  ["requests that are wrong", { kind: "bad-request" }],
  ["prompts that are too long", { kind: "context-too-long" }],
])("%s for every call move no belief", async (_, script) => {
  const { beliefs } = await play({
    ratePerS: 5,
    seconds: 240,
    faults: [sick({ ...script, share: 1, forMs: 120_000 })],
  });
  expect([...beliefs("alpha/m"), ...beliefs("beta/m")]).toEqual([]);
});

test("a client that leaves moves no belief, however many do", async () => {
  const here = virtual({
    providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)],
    faults: [on("alpha", { kind: "slow-first-token", delayMs: 400 })],
  });
  for (let tick = 0; tick < 1_200; tick++) {
    await here.world.run(tick * 100);
    const { cancel } = here.ask({ prompt: `question ${tick}` });
    if (tick > 600) here.world.clock.after(300, () => cancel.cancel({ kind: "cancelled", message: "left" }));
  }
  await here.rest();
  expect(here.events.filter(({ type }) => type === "belief")).toEqual([]);
});
