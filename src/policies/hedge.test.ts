// The two budgets of hedging and its delay, as rules alone: whatever comes, no more is spent than its share.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { expectedUsd, fundHedge, HEDGE_SPEND_SHARE, hedgeAfterMs, mayHedge, spendHedge } from "./hedge.ts";

test("at most its share of calls and of money, in whatever order calls, prices and hedges come", () => {
  const usd = fc.oneof(fc.constant(undefined), fc.double({ min: 0, max: 1e6, noNaN: true }));
  const step = fc.record({ call: usd, hedge: usd, wants: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const cell = { calls: 0, usd: 0 };
      const sum = { calls: 0, usd: 0, hedges: 0, spent: 0 };
      for (const { call, hedge, wants } of steps) {
        fundHedge(cell, 0.02, call);
        sum.calls++;
        sum.usd += call ?? 0;
        if (!wants || !mayHedge(cell, hedge)) continue;
        spendHedge(cell, hedge);
        sum.hedges++;
        sum.spent += hedge ?? 0;
      }
      expect(sum.hedges).toBeLessThanOrEqual(sum.calls * 0.02 + 1e-6);
      expect(sum.spent).toBeLessThanOrEqual(sum.usd * HEDGE_SPEND_SHARE * (1 + 1e-6) + 1e-6);
      expect(cell.calls >= 0 && cell.calls <= 10 && cell.usd >= 0 && Number.isFinite(cell.usd)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test("a long calm saves up no storm", () => {
  const cell = { calls: 0, usd: 0 };
  for (let call = 0; call < 100_000; call++) fundHedge(cell, 0.02, 0.01);
  expect(cell.calls).toBeLessThanOrEqual(10);
  expect(cell.usd).toBeLessThanOrEqual(500 * HEDGE_SPEND_SHARE * 0.01 + 1e-9);
});

describe("when", () => {
  test.each([
    ["a time is taken as it is", 300, undefined, 300],
    ["a quantile is the target's own", "p95", 4_000, 4_000],
    ["what is fast anyway is never late so soon", "p90", 200, 1_500],
    ["nothing known: nothing sent", "p99", undefined, undefined],
  ] as const)("%s", (_, after, learnt, expected) => {
    expect(hedgeAfterMs({ after, share: 0.02 }, () => learnt)).toBe(expected);
  });
});

test("what a call may cost: a quarter of its bytes in, its answer out; nothing where no price is known", () => {
  const price = { inputPerMillionUsd: 4, outputPerMillionUsd: 20 };
  expect(expectedUsd(price, 40_000, 500)).toBeCloseTo(0.05, 6);
  expect(expectedUsd(undefined, 40_000, 500)).toBeUndefined();
  expect(expectedUsd({ ...price, inputPerMillionUsd: Number.NaN }, 40_000, 500)).toBeUndefined();
});
