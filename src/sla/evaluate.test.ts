import { expect, test } from "bun:test";
import type { FailureClass, MinuteCount } from "../core/sla.ts";
import { evaluate } from "./evaluate.ts";
import { type MinuteRange, monthRange } from "./month.ts";
import type { Guarantee, Rule } from "./promise.ts";

const RULES: readonly Rule[] = [
  { kind: "interval-mean", intervalMinutes: 5 },
  { kind: "downtime-periods", errorShare: 0.05, leastMinutes: 5 },
  { kind: "minute-sum", errorShare: 0.5, leastMinutes: 5 },
  { kind: "request-ratio" },
];

const BANDS = [
  { below: 0.999, share: 0.1 },
  { below: 0.99, share: 0.25 },
  { below: 0.95, share: 1 },
];

function guarantee(rule: Rule, more: Partial<Guarantee> = {}): Guarantee {
  return {
    name: "test",
    promised: 0.999,
    rule,
    errors: ["error500", "error5xx"],
    leftOut: ["limited429"],
    bands: BANDS,
    of: "charges",
    claim: { days: 30, from: "incident" },
    notes: [],
    ...more,
  };
}

function minuteAt(minute: number, valid: number, by: Partial<Record<FailureClass, number>> = {}): MinuteCount {
  const failed = Object.values(by).reduce((sum, count) => sum + count, 0);
  return { minute, valid, failed, by, probes: 0, probesFailed: 0 };
}

/** Mulberry32: one seed, one run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below;
  };
}

/** Stretches of traffic with gaps, some of them bad, some across the month's borders. In no order, as a clock that jumps leaves them. */
function randomMonth(range: MinuteRange, below: (limit: number) => number): MinuteCount[] {
  const seen = new Map<number, MinuteCount>();
  for (let stretch = 0; stretch < 1 + below(6); stretch += 1) {
    const start = Math.floor(range.fromMinute - 30 + below(range.toMinute - range.fromMinute + 60));
    const sickness = below(1) < 0.5 ? 0 : below(1);
    for (let offset = 0; offset < below(90); offset += 1) {
      if (below(1) < 0.1) continue;
      const valid = 1 + Math.floor(below(20));
      const errors = Math.floor(valid * below(1) * sickness * 1.2);
      const limited = Math.floor(below(valid - Math.min(errors, valid) + 1));
      const by = { error500: Math.min(errors, valid), limited429: limited, timeout: 0 };
      seen.set(start + offset, minuteAt(start + offset, valid, by));
    }
  }
  return [...seen.values()].sort(() => below(2) - 1);
}

interface Dense {
  readonly length: number;
  readonly valid: Float64Array;
  readonly errors: Float64Array;
}

function dense(minutes: readonly MinuteCount[], { fromMinute, toMinute }: MinuteRange): Dense {
  const length = toMinute - fromMinute;
  const valid = new Float64Array(length);
  const errors = new Float64Array(length);
  for (const { minute, valid: asked, by } of minutes) {
    if (minute < fromMinute || minute >= toMinute) continue;
    valid[minute - fromMinute] = asked - (by.limited429 ?? 0);
    errors[minute - fromMinute] = by.error500 ?? 0;
  }
  return { length, valid, errors };
}

/** The same question asked of each minute of the month by itself, as slowly and plainly as can be. */
const of = (array: Float64Array, at: number): number => array[at] ?? 0;

function oracle(rule: Rule, { length, valid, errors }: Dense) {
  let withEvidence = 0;
  for (let at = 0; at < length; at += 1) if (of(valid, at) > 0) withEvidence += 1;
  if (withEvidence === 0) return { withEvidence };
  if (rule.kind === "request-ratio") {
    let [asked, failed] = [0, 0];
    for (let at = 0; at < length; at += 1) [asked, failed] = [asked + of(valid, at), failed + of(errors, at)];
    return { withEvidence, seen: 1 - failed / asked, contracted: 1 - failed / asked };
  }
  if (rule.kind === "interval-mean") {
    let [shares, asked, all] = [0, 0, 0];
    for (let at = 0; at < length; at += rule.intervalMinutes) {
      let [requests, failed] = [0, 0];
      for (let inside = at; inside < Math.min(length, at + rule.intervalMinutes); inside += 1) {
        requests += of(valid, inside);
        failed += of(errors, inside);
      }
      all += 1;
      if (requests === 0) continue;
      asked += 1;
      shares += failed / requests;
    }
    return { withEvidence, seen: 1 - shares / asked, contracted: 1 - shares / all };
  }
  const bad = (at: number): boolean => of(valid, at) > 0 && of(errors, at) / of(valid, at) > rule.errorShare;
  const gapMax = rule.kind === "minute-sum" ? rule.leastMinutes : 0;
  /** The next bad minute of the same run, looking one way. */
  const next = (at: number, step: 1 | -1): number | undefined => {
    for (let gap = 0; gap <= gapMax; gap += 1) {
      const to = at + step * (gap + 1);
      if (to < 0 || to >= length) return undefined;
      if (bad(to)) return to;
      if (of(valid, to) > 0) return undefined;
    }
    return undefined;
  };
  let down = 0;
  for (let at = 0; at < length; at += 1) {
    if (!bad(at)) continue;
    let [first, last] = [at, at];
    for (let back = next(at, -1); back !== undefined; back = next(back, -1)) first = back;
    for (let on = next(at, 1); on !== undefined; on = next(on, 1)) last = on;
    if (last - first + 1 >= rule.leastMinutes) down += 1;
  }
  return { withEvidence, seen: 1 - down / withEvidence, contracted: 1 - down / length };
}

const ZONES = ["UTC", "America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe"];
/** Months times rules: 10 000. */
const SEEDS = 2_500;

test("10 000 random months: each evaluator equals the brute force", () => {
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const below = randomFrom(seed);
    const month = `2026-${String(1 + Math.floor(below(12))).padStart(2, "0")}`;
    const timeZone = ZONES[seed % ZONES.length] ?? "UTC";
    const range = monthRange(month, timeZone);
    if (range === undefined) throw new Error(month);
    const minutes = randomMonth(range, below);
    const plain = dense(minutes, range);
    for (const rule of RULES) {
      const found = evaluate(guarantee(rule), { minutes, month: range, timeZone });
      const wanted = oracle(rule, plain);
      const same =
        found.minutesWithoutEvidence === range.toMinute - range.fromMinute - wanted.withEvidence &&
        near(found.availability, wanted.seen) &&
        near(found.contracted, wanted.contracted);
      if (!same) throw new Error(`seed ${seed}: ${JSON.stringify({ rule, found, wanted })}`);
    }
  }
}, 60_000);

function near(one: number | undefined, other: number | undefined): boolean {
  return one === undefined || other === undefined ? one === other : Math.abs(one - other) < 1e-12;
}

const JUNE = monthRange("2026-06", "UTC");
if (JUNE === undefined) throw new Error("no June");
const start = JUNE.fromMinute;
const june = (rule: Rule, minutes: readonly MinuteCount[], more: Partial<Guarantee> = {}) =>
  evaluate(guarantee(rule, more), { minutes, month: JUNE, timeZone: "UTC" });
const run = (from: number, length: number, errors: number) =>
  Array.from({ length }, (_, index) => minuteAt(start + from + index, 10, { error500: errors }));

test("no evidence is no availability, no credit and no claim", () => {
  for (const rule of RULES) {
    const found = june(rule, []);
    expect(found).toMatchObject({ minutesWithoutEvidence: 43_200, downtime: [], promised: 0.999 });
    for (const key of ["availability", "contracted", "credit", "claimBy"]) expect(found).not.toHaveProperty(key);
  }
});

test("a run of downtime counts from its least length on, and ends at a good minute", () => {
  const rule: Rule = { kind: "downtime-periods", errorShare: 0.05, leastMinutes: 5 };
  expect(june(rule, run(0, 4, 10)).downtime).toEqual([]);
  expect(june(rule, run(0, 5, 10)).downtime).toEqual([
    { fromMinute: start, toMinute: start + 5, valid: 50, failed: 50 },
  ]);
  expect(june(rule, [...run(0, 4, 10), ...run(4, 1, 0), ...run(5, 4, 10)]).downtime).toEqual([]);
  // Exactly the share is not above it.
  expect(june({ ...rule, errorShare: 0.5 }, run(0, 9, 5)).downtime).toEqual([]);
});

test("a gap ends a downtime period, and is bridged where minutes are summed", () => {
  const gap = [...run(0, 3, 10), ...run(8, 3, 10)];
  expect(june({ kind: "downtime-periods", errorShare: 0.5, leastMinutes: 5 }, gap).downtime).toEqual([]);
  const summed = june({ kind: "minute-sum", errorShare: 0.5, leastMinutes: 5 }, gap);
  expect(summed.downtime).toEqual([{ fromMinute: start, toMinute: start + 11, valid: 60, failed: 60 }]);
  expect(summed.contracted).toBeCloseTo(1 - 6 / 43_200, 12);
});

test("what a contract leaves out is neither valid nor an error; what it does not name was answered", () => {
  const rule: Rule = { kind: "request-ratio" };
  const minutes = [minuteAt(start, 10, { error500: 1, limited429: 4, timeout: 2 })];
  expect(june(rule, minutes).availability).toBeCloseTo(1 - 1 / 6, 12);
  const only429 = june(rule, [minuteAt(start, 10, { limited429: 10 })]);
  expect(only429).toMatchObject({ minutesWithoutEvidence: 43_200 });
  expect(only429).not.toHaveProperty("availability");
});

for (const [down, share] of [
  [43, undefined],
  [44, 0.1],
  [432, 0.1],
  [433, 0.25],
  [2_160, 0.25],
  [2_161, 1],
] as const) {
  test(`${down} minutes down in June: ${share === undefined ? "nothing is due" : `${share * 100} % are due`}`, () => {
    const rule: Rule = { kind: "downtime-periods", errorShare: 0.05, leastMinutes: 5 };
    const { credit } = june(rule, run(100, down, 10));
    expect(credit).toEqual(share === undefined ? undefined : { share, of: "charges" });
  });
}

test("the last day of a claim", () => {
  const rule: Rule = { kind: "downtime-periods", errorShare: 0.05, leastMinutes: 5 };
  const minutes = run(60 * 24 * 22, 433, 10); // from the 23rd on
  expect(june(rule, minutes).claimBy).toBe("2026-07-23");
  expect(june(rule, minutes, { claim: { days: 30, from: "month-end" } }).claimBy).toBe("2026-07-30");
  expect(june(rule, minutes, { claim: { months: 2 } }).claimBy).toBe("2026-08-31");
  expect(june(rule, run(0, 5, 10)).claimBy).toBeUndefined();
});
