// Relations between runs, where nobody knows the right number of one alone (M3, M4, M6, M8, M10 of the notes; M5 is with the
// fleet): more help never hurts, more sickness never attracts, a caller's mistakes teach nothing about providers, what healed
// is as if it had never been ill, and a seed is a run. Clocks that jump change nothing that they should not.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { GatewayEvent } from "../../src/core/gateway-event.ts";
import { identityOf } from "../../src/engine/keyed-target.ts";
import { playDrill } from "../../src/sim/drill.ts";
import type { ScheduledFault } from "../../src/sim/fault-script.ts";
import { randomStream } from "../../src/sim/random.ts";
import { readScenario } from "../../src/sim/scenario.ts";
import type { ClockJump } from "../../src/sim/world.ts";
import { ANTHROPIC, CHAT, on, sim, type Virtual, virtual } from "../support/virtual.ts";

setDefaultTimeout(300_000);

interface Play {
  readonly seed: number;
  readonly seconds: number;
  readonly ratePerS?: number;
  readonly faults?: readonly ScheduledFault[];
  readonly names?: readonly string[];
  readonly jumps?: readonly ClockJump[];
  /** For each call, another one that its provider refuses as wrong. */
  readonly mistaken?: boolean;
  /** The providers' own; default 0.5 %. */
  readonly errors?: number;
}

const MISTAKE = new TextEncoder().encode(
  '{"model":"chat","max_tokens":5,"stream":true,"messages":[{"role":"nobody"}]}',
);

async function play({
  seed,
  seconds,
  ratePerS = 4,
  faults = [],
  names = ["alpha", "beta"],
  errors = 0.005,
  ...more
}: Play) {
  const providers = names.map((name, place) => sim(name, place % 2 === 0 ? ANTHROPIC : CHAT, { errors }));
  const here = virtual({ seed, providers, faults, watched: true, jumps: more.jumps ?? [] });
  const random = randomStream(seed, "traffic");
  for (let atMs = 0, number = 0; ; number++) {
    atMs += (-Math.log(1 - random()) * 1_000) / ratePerS;
    if (atMs > seconds * 1_000) break;
    await here.world.run(atMs);
    here.ask({ prompt: `question ${number}`, tenant: `tenant${number % 3}` });
    if (more.mistaken === true) here.ask({ body: MISTAKE, tenant: "mistaken" });
  }
  await here.rest();
  return here;
}

function successOf({ events }: Virtual): number {
  const ends = events.filter((event) => event.type === "call-end");
  return ends.filter(({ ending }) => ending === "complete").length / ends.length;
}

function shareOf({ events }: Virtual, target: string, fromMs = 0): number {
  const first = events.filter(
    (event) => event.type === "attempt-start" && event.number === 1 && event.atMs >= fromMs,
  ) as Extract<GatewayEvent, { type: "attempt-start" }>[]; // the filter left these alone
  return first.filter((event) => event.target === target).length / first.length;
}

function cellOf(here: Virtual, name: string) {
  return here.engine.cells.belief(identityOf({ name, url: here.world.url(name) }, "m"));
}

function beliefsOf({ events }: Virtual) {
  return events.filter((event) => event.type === "belief");
}

function sick(name: string, script: Partial<ScheduledFault>): ScheduledFault {
  return { ...on(name, { kind: "overloaded" }), atMs: 30_000, forMs: 120_000, ...script };
}

test("M3: one more healthy backup never lowers success", async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const faults = [sick("alpha", { share: 0.4 }), sick("beta", { share: 0.1 * seed, kind: "server-error" })];
    const two = await play({ seed, seconds: 180, faults });
    const three = await play({ seed, seconds: 180, faults, names: ["alpha", "beta", "gamma"] });
    expect([seed, successOf(three) >= successOf(two)]).toEqual([seed, true]);
  }
});

test("M4: the more a target fails, the less it is asked", async () => {
  const shares: number[] = [];
  for (const share of [0, 0.1, 0.25, 0.4, 0.7, 1]) {
    let sum = 0;
    for (let seed = 1; seed <= 3; seed++) {
      const faults = [sick("alpha", { share, forMs: 300_000, atMs: 0 })];
      sum += shareOf(await play({ seed, seconds: 240, faults }), "alpha/m");
    }
    shares.push(sum / 3);
  }
  for (const [place, share] of shares.entries()) expect(share).toBeLessThanOrEqual((shares[place - 1] ?? 1) + 0.01);
  expect(shares[3]).toBeLessThan(0.1);
});

test("M6: a caller's mistakes and rate limits teach nothing about a provider", async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const mistaken = await play({ seed, seconds: 120, errors: 0, mistaken: true });
    const refused = mistaken.events.filter(({ type }) => type === "call-end").length;
    expect(refused).toBeGreaterThan(600);
    expect(beliefsOf(mistaken)).toEqual([]);
    const faults = [sick("alpha", { kind: "rate-limit", share: 0.5 })];
    const limited = await play({ seed, seconds: 120, errors: 0, faults });
    expect(beliefsOf(limited)).toEqual([]);
  }
});

test("M8: after a fault and its end, all is as if it had never been", async () => {
  for (const kind of ["overloaded", "silence", "error-in-band", "slow-first-token"] as const) {
    const healed = await play({ seed: 3, seconds: 1_500, faults: [sick("alpha", { kind, delayMs: 20_000 })] });
    const never = await play({ seed: 3, seconds: 1_500 });
    const [one, other] = [healed, never].map((here) => {
      const { state, admission, slow, probing } = cellOf(here, "alpha");
      const budget = Math.round(here.engine.cells.budget("alpha").tokens);
      return { state, admission, slow, probing, budget, share: Math.round(shareOf(here, "alpha/m", 1_200_000) * 100) };
    });
    expect([kind, one]).toEqual([kind, other]);
  }
});

test("M10: a seed is a run to the last byte, with everything that a scenario may have", async () => {
  const text = `traffic: { rate: 3, agents: 6, think: 2s, retries: 2, seconds: 150, stream: 70%, tools: 10%, tenants: 3 }
providers:
  alpha: { words: 8, errors: 1%, dialect: anthropic-messages, concurrency: 6, queue: 3, prompt-cache: 1m }
  beta: { words: 8, requests-per-minute: 200, capacity: 10, warm-up: { at: 30s, for: 60s, from: 10% } }
routes: { chat: { targets: [alpha/m, beta/m] } }
faults: [{ on: alpha, kind: error-in-band, at: 20s, for: 40s, share: 60% }]
clock: [{ at: 50s, wall: -1h }, { at: 70s, asleep: 3s }]
`;
  const read = readScenario(text, { file: "all.yaml", name: "all" });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const played = async (seed: number) => playDrill(read.scenario, { seed, stopwatch: () => 0 });
  const [one, again, other] = [await played(1), await played(1), await played(2)];
  expect(again).toEqual(one);
  expect(other.digest).not.toBe(one.digest);
  expect(one.invariants.filter(({ held }) => !held)).toEqual([]);
});

describe("clocks", () => {
  const faults = [sick("alpha", { share: 0.4 })];

  test("a wall clock that is set anew changes no decision", async () => {
    const steady = await play({ seed: 5, seconds: 240, faults });
    for (const wallMs of [-3_600_000, 3_600_000, 1e12, -1e12]) {
      const jumped = await play({ seed: 5, seconds: 240, faults, jumps: [{ atMs: 60_000, wallMs, asleepMs: 0 }] });
      expect(JSON.stringify(jumped.events)).toBe(JSON.stringify(steady.events));
    }
  });

  test("a machine that slept ejects nobody for it, and goes on", async () => {
    for (const asleepMs of [2_000, 60_000, 3_600_000, 86_400_000]) {
      const jumps = [{ atMs: 100_000, wallMs: 0, asleepMs }];
      const calm = await play({
        seed: 6,
        seconds: 240 + asleepMs / 1_000,
        ratePerS: 240 / (240 + asleepMs / 1_000),
        jumps,
      });
      const ejected = beliefsOf(calm).filter(({ state }) => state === "ejected");
      expect([asleepMs, ejected]).toEqual([asleepMs, []]);
      const busy = await play({ seed: 6, seconds: 90, faults, jumps: [{ atMs: 60_000, wallMs: 0, asleepMs }] });
      expect(successOf(busy)).toBeGreaterThan(0.97);
    }
  });
});
