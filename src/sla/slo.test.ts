import { describe, expect, test } from "bun:test";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { SloIndicator, SloSettings } from "../core/settings.ts";
import { burnRules, isBurning } from "./burn.ts";
import { judgeCall } from "./indicator.ts";
import { keptMs } from "./slo-month.ts";
import { countsNow } from "./slo-reading.ts";
import { createSloWatch } from "./slo-watch.ts";
import { count, countsOf, createSloWindow } from "./slo-window.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SLO: SloSettings = {
  name: "support",
  route: "chat",
  objective: 0.999,
  windowMs: 30 * DAY_MS,
  indicator: { kind: "availability" },
};

test("the rules of 30 days are those of the workbook; others are scaled, at the same rates", () => {
  const rules = burnRules(30 * DAY_MS);
  expect(
    rules.map(({ longMs, shortMs, rate }) => [longMs / HOUR_MS, shortMs / HOUR_MS, Number(rate.toFixed(3))]),
  ).toEqual([
    [1, 1 / 12, 14.4],
    [6, 0.5, 6],
    [24, 2, 3],
    [72, 6, 1],
  ]);
  const week = burnRules(7 * DAY_MS);
  expect(week.map(({ rate }) => rate)).toEqual(rules.map(({ rate }) => rate));
  expect(week[0]?.longMs).toBeCloseTo((HOUR_MS * 7) / 30, 6);
});

test("few calls burn nothing, whatever their share", () => {
  const [rule] = burnRules(30 * DAY_MS);
  if (rule === undefined) throw new Error("no rule");
  const all = { total: 9, bad: 9 };
  expect(isBurning(rule, all, all, 0.999)).toBe(false);
  expect(isBurning(rule, { total: 29, bad: 29 }, all, 0.999)).toBe(false);
  expect(isBurning(rule, { total: 30, bad: 10 }, all, 0.999)).toBe(true);
  expect(isBurning(rule, { total: 30, bad: 10 }, { total: 5, bad: 0 }, 0.999)).toBe(false);
});

describe("a window", () => {
  test("equals the plain sum over what was counted, to a slot", () => {
    const window = createSloWindow(30 * DAY_MS, 0);
    const calls: number[] = [];
    let state = 1;
    let nowMs = 0;
    for (let index = 0; index < 5_000; index += 1) {
      state = (state * 48_271) % 2_147_483_647;
      nowMs += state % (40 * 60_000);
      calls.push(nowMs);
      count(window, nowMs, index % 3 === 0);
      if (index % 50 !== 0) continue;
      for (const lookbackMs of [5 * 60_000, HOUR_MS, 6 * HOUR_MS, 3 * DAY_MS, 30 * DAY_MS]) {
        const slots = Math.ceil(lookbackMs / 60_000);
        const newest = Math.floor(nowMs / 60_000);
        const inside = (atMs: number): boolean => newest - Math.floor(atMs / 60_000) < slots;
        expect(countsOf(window, lookbackMs, nowMs)).toEqual({
          total: calls.filter(inside).length,
          bad: calls.filter((atMs, at) => at % 3 === 0 && inside(atMs)).length,
        });
      }
    }
  });

  test("survives clocks that stand, go back, leap, or are none", () => {
    const window = createSloWindow(DAY_MS, 1_000);
    count(window, 1_000, true);
    count(window, -5_000, true);
    count(window, Number.NaN, true);
    expect(countsOf(window, DAY_MS, 1_000)).toEqual({ total: 3, bad: 3 });
    expect(countsOf(window, DAY_MS, 1e15)).toEqual({ total: 0, bad: 0 });
    count(window, 1e15, false);
    expect(countsOf(window, DAY_MS, 1e15)).toEqual({ total: 1, bad: 0 });
  });
});

for (const timeZone of ["UTC", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca"]) {
  test(`a calendar month in ${timeZone} counts from its very border`, () => {
    const slo: SloSettings = { ...SLO, calendar: { timeZone } };
    const monthOf = new Intl.DateTimeFormat("sv-SE", { timeZone, year: "numeric", month: "2-digit" });
    let nowMs = Date.UTC(2025, 11, 20);
    const window = createSloWindow(keptMs(slo), nowMs);
    let [month, total, bad] = ["", 0, 0];
    for (let step = 0; step < 15_000; step += 1) {
      // Now and then a gap; near borders every call counts.
      nowMs += step % 50 === 0 ? 31 * 3_600_000 : 899_999;
      const now = monthOf.format(nowMs);
      if (now !== month) [month, total, bad] = [now, 0, 0];
      const isBad = step % 3 === 0;
      count(window, nowMs, isBad);
      total += 1;
      bad += isBad ? 1 : 0;
      if (total < 5 || step % 1_000 === 0) expect([now, countsNow(slo, window, nowMs)]).toEqual([now, { total, bad }]);
    }
  });
}

const OFFSET_MS = Date.UTC(2026, 5, 23);

/** One call a second, of which `badShare` fail evenly, for `seconds`; gives the facts that were told. */
function play(stretches: readonly { readonly seconds: number; readonly badShare: number }[], slo: SloSettings = SLO) {
  const told: Extract<GatewayEvent, { type: "slo" }>[] = [];
  const emit = (fact: GatewayEvent): void => {
    if (fact.type === "slo") told.push(fact);
  };
  const watch = createSloWatch({ slos: [slo], nowMs: 0, offsetMs: OFFSET_MS, emit });
  let second = 0;
  let debt = 0;
  for (const { seconds, badShare } of stretches) {
    for (let index = 0; index < seconds; index += 1) {
      second += 1;
      debt += badShare;
      const bad = debt >= 1;
      if (bad) debt -= 1;
      watch.read(start(`c${second}`, second * 1_000));
      watch.read(end(`c${second}`, second * 1_000, bad ? { ending: "refused", fault: "overloaded" } : {}));
    }
  }
  return { told, watch, second };
}

function start(call: string, atMs: number): GatewayEvent {
  return {
    type: "call-start",
    atMs,
    call,
    route: "chat",
    operation: "generate",
    dialect: "openai-chat",
    model: "chat",
    stream: true,
    tenant: "default",
  };
}

type CallEnd = Extract<GatewayEvent, { type: "call-end" }>;

function end(call: string, atMs: number, more: Partial<CallEnd>): CallEnd {
  return { type: "call-end", atMs, call, ending: "complete", attempts: 1, tookMs: 5, servedBy: "target", ...more };
}

for (const share of [0.04, 0.1, 0.4, 1]) {
  test(`${share * 100} % errors after a clean day page when the table says so, and the page ends soon after the outage`, () => {
    const outageS = 2 * 3_600;
    const { told, watch, second } = play([
      { seconds: 86_400, badShare: 0 },
      { seconds: outageS, badShare: share },
      { seconds: 8 * 3_600, badShare: 0 },
    ]);
    const page = told.find(({ severity, state }) => severity === "page" && state === "burning");
    if (page === undefined) throw new Error("nobody was paged");
    // The first of the two page rules to be met: rate × (1 − objective) × long ÷ share.
    const wantedS = Math.min(14.4 * 3_600, 6 * 6 * 3_600) * 0.001 * (1 / share);
    const foundS = page.atMs / 1_000 - 86_400;
    expect(foundS).toBeGreaterThanOrEqual(wantedS - 1);
    // A slot, a look, and the ten bad calls that it takes.
    expect(foundS).toBeLessThanOrEqual(wantedS + 60 + 5 + 10 / share);
    expect(told.at(-1)?.state).toBe("recovered");
    expect(told.filter(({ state }) => state === "recovered")).toHaveLength(1);
    const [state] = watch.readings(second * 1_000);
    expect(state?.burning).toBeUndefined();
    expect(state?.budgetLeft).toBeCloseTo(1 - (outageS * share) / second / 0.001, 1);
  });
}

test("what burns when the calls stop ends by the clock alone", () => {
  const { told, watch, second } = play([
    { seconds: 3_600, badShare: 0 },
    { seconds: 600, badShare: 1 },
  ]);
  const words = () => told.map(({ state, severity }) => `${state} ${severity}`);
  expect(words()).toEqual(["burning ticket", "burning page"]);
  watch.tick((second + 4 * 86_400) * 1_000);
  expect(words().at(-1)).toStartWith("recovered");
  expect(words()).toHaveLength(3);
});

const KINDS: readonly SloIndicator[] = [
  { kind: "availability" },
  { kind: "complete-stream" },
  { kind: "undegraded" },
  { kind: "first-token", withinMs: 2_000 },
];
for (const [what, more, wanted] of [
  ["a complete answer", { firstContentMs: 900 }, ["good", "good", "good", "good"]],
  ["a slow one", { firstContentMs: 2_001 }, ["good", "good", "good", "bad"]],
  ["another model's", { firstContentMs: 900, degraded: "model" }, ["good", "good", "bad", "good"]],
  ["a stale one", { servedBy: "stale-cache", degraded: "stale" }, ["good", "good", "bad", undefined]],
  ["a prepared sentence", { servedBy: "canned", degraded: "canned" }, ["bad", "good", "bad", undefined]],
  ["a broken stream", { ending: "broken", fault: "stream-broken", firstContentMs: 9 }, ["bad", "bad", "good", "good"]],
  ["a refusal", { ending: "refused", fault: "overloaded" }, ["bad", undefined, undefined, undefined]],
  ["the caller's fault", { ending: "refused", fault: "invalid-request" }, [undefined, undefined, undefined, undefined]],
  ["a client that left", { ending: "cancelled", fault: "cancelled" }, [undefined, undefined, undefined, undefined]],
] as const) {
  test(`indicators: ${what}`, () => {
    expect(KINDS.map((kind) => judgeCall(kind, end("c", 0, more), true))).toEqual([...wanted]);
  });
}
