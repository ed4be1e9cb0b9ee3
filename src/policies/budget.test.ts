// What same-domain retries may cost, in calls and in money. Where they are made is `next-move.test.ts`.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { BUDGET_TOKENS_MAX, type BudgetCell } from "../core/cell.ts";
import { fundRetry, isFull, learnCost, mayRetry, spendRetry } from "./budget.ts";

const full = (): BudgetCell => ({ tokens: BUDGET_TOKENS_MAX, usd: 0, meanUsd: 0 });

test("it starts full, allows ten, then one for each ten successes", () => {
  const cell = full();
  let retries = 0;
  for (; mayRetry(cell, undefined); retries++) spendRetry(cell, undefined);
  expect(retries).toBe(10);
  for (let success = 0; success < 9; success++) fundRetry(cell, undefined);
  expect(mayRetry(cell, undefined)).toBe(false);
  fundRetry(cell, undefined);
  expect(mayRetry(cell, undefined)).toBe(true);
});

test("in money: a call that costs a hundred others is tried again once, then when a thousand have paid for it", () => {
  const cell = full();
  const succeed = () => {
    learnCost(cell, 0.01);
    if (!isFull(cell)) fundRetry(cell, 0.01);
  };
  for (let success = 0; success < 50; success++) succeed();
  expect(isFull(cell)).toBe(true);
  expect(mayRetry(cell, 1)).toBe(true);
  spendRetry(cell, 1);
  expect([mayRetry(cell, 1), mayRetry(cell, 0.01), mayRetry(cell, undefined)]).toEqual([false, false, true]);
  for (let success = 0; success < 10; success++) succeed();
  expect([mayRetry(cell, 1), mayRetry(cell, 0.01)]).toEqual([false, true]);
  for (let success = 0; success < 90; success++) succeed();
  expect(mayRetry(cell, 1)).toBe(true);
});

test("whatever comes, at most a tenth of what succeeded is spent, beyond what it began with", () => {
  const step = fc.record({ retries: fc.boolean(), usd: fc.double({ min: 0, max: 1e6, noNaN: true }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const cell = full();
      let [retries, successes] = [0, 0];
      for (const { retries: isRetry, usd } of steps) {
        if (!isRetry) {
          learnCost(cell, usd);
          fundRetry(cell, usd);
          successes++;
        } else if (mayRetry(cell, usd)) {
          spendRetry(cell, usd);
          retries++;
        }
        expect(cell.tokens >= 0 && cell.tokens <= BUDGET_TOKENS_MAX).toBe(true);
        expect(cell.usd >= 0 && cell.usd <= BUDGET_TOKENS_MAX * cell.meanUsd * (1 + 1e-9)).toBe(true);
      }
      expect(retries).toBeLessThanOrEqual(BUDGET_TOKENS_MAX + 0.1 * successes);
    }),
  );
});
