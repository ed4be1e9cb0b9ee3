import { expect, test } from "bun:test";
import { guarantee, judgeRandomMonth, minuteAt, RULES } from "../../test/support/sla-oracle.ts";
import type { MinuteCount } from "../core/sla.ts";
import { evaluate } from "./evaluate.ts";
import { monthRange } from "./month.ts";
import type { Guarantee, Rule } from "./promise.ts";

// Ten thousand of them: test/sla-months.test.ts.
test("random months: each evaluator equals the brute force", () => {
  for (let seed = 0; seed < 60; seed += 1) judgeRandomMonth(seed);
});

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

test("what Holdfast asked on its own is counted, and said; it is never evidence of a minute that nobody asked in", () => {
  const rule: Rule = { kind: "downtime-periods", errorShare: 0.05, leastMinutes: 5 };
  const own = (canariesFailed: number) => {
    const counts = { probes: 0, probesFailed: 0, canaries: 1, canariesFailed };
    return { own: { ...counts, valid: 1, by: { error500: canariesFailed } } };
  };
  const canaries = [0, 1, 2, 3, 4, 5].map((at) => ({ ...minuteAt(start + at, 0), ...own(at < 5 ? 1 : 0) }));
  expect(june(rule, canaries)).toMatchObject({
    downtime: [{ fromMinute: start, toMinute: start + 5, valid: 5, failed: 5 }],
    minutesWithoutEvidence: 43_194,
    minutesOfOwnAlone: 6,
  });
  const mixed = canaries.map((one) => ({ ...one, valid: 10 }));
  expect(june(rule, mixed)).toMatchObject({ minutesOfOwnAlone: 0, minutesWithoutEvidence: 43_194 });
});
