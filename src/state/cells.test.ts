import { expect, test } from "bun:test";
import { BUDGET_TOKENS_MAX, type RefusedCell } from "../core/cell.ts";
import { fault } from "../core/fault.ts";
import { createCells } from "./cells.ts";

function cell(forgetAtMs: number): RefusedCell {
  const refusal = { ok: false, fault: fault("overloaded", "no"), trail: [] } as const;
  return { refusal, repeatUntilMs: forgetAtMs / 2, forgetAtMs, attempts: 1, failed: new Set() };
}

test("one identity is one cell", () => {
  const cells = createCells();
  cells.target("alpha/m").waiting = true;
  cells.budget("alpha").tokens = 3;
  expect(cells.target("alpha/m")).toEqual({ pausedUntilMs: 0, limitedUntilMs: 0, waiting: true, refusesPrefix: false });
  expect(cells.target("alpha/n")).toEqual({
    pausedUntilMs: 0,
    limitedUntilMs: 0,
    waiting: false,
    refusesPrefix: false,
  });
  expect([cells.budget("alpha").tokens, cells.budget("beta").tokens]).toEqual([3, BUDGET_TOKENS_MAX]);
});

test("what a stranger can name is bounded: the oldest goes", () => {
  const cells = createCells();
  cells.target("first").waiting = true;
  for (let i = 0; i < 4_096; i++) cells.target(`m${i}`);
  expect(cells.target("first").waiting).toBe(false);
  cells.budget("first").tokens = 0;
  for (let i = 0; i < 1_024; i++) cells.budget(`d${i}`);
  expect(cells.budget("first").tokens).toBe(BUDGET_TOKENS_MAX);
});

test("refused calls are found until they are to be forgotten", () => {
  const { refused } = createCells();
  expect(refused.isEmpty(0)).toBe(true);
  const known = cell(1_000);
  refused.set("a", known);
  expect([refused.isEmpty(999), refused.get("a", 999), refused.get("b", 0)]).toEqual([false, known, undefined]);
  expect(refused.get("a", 1_000)).toBeUndefined();
});

test("when the last is over, nothing is kept and nothing needs a look", () => {
  const { refused } = createCells();
  refused.set("long", cell(5_000));
  refused.set("short", cell(1_000));
  expect(refused.isEmpty(4_999)).toBe(false);
  expect(refused.isEmpty(5_000)).toBe(true);
  expect(refused.get("long", 0)).toBeUndefined();
});

test("two thousand refused calls are remembered, the newest, each once", () => {
  const { refused } = createCells();
  for (let i = 0; i < 2_001; i++) refused.set(`k${i}`, cell(1_000));
  expect(refused.get("k0", 0)).toBeUndefined();
  expect(refused.get("k1", 0)).toBeDefined();
  refused.set("k1", cell(2_000));
  refused.set("new", cell(1_000));
  // Told again, it is the newest but one.
  expect(refused.get("k1", 1_500)).toBeDefined();
  expect(refused.get("k2", 0)).toBeUndefined();
});
