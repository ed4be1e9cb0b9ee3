import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { playTraces, traceOf } from "./differential-play.ts";
import { consecutive, halfWindow, type StockRule } from "./stock-rules.ts";

setDefaultTimeout(60_000);

test("five failures in a row put a target out for longer each time, and slow start lets a share in", () => {
  const rule = consecutive(3, 60_000);
  const fail = (atMs: number): void => {
    for (let count = 0; count < 5; count++) rule.ended(0, false, atMs);
  };
  fail(0);
  expect([29_999, 30_000].map((ms) => rule.admits(0, ms, 0))).toEqual([false, true]);
  expect([0.05, 0.2].map((chance) => rule.admits(0, 30_000, chance))).toEqual([true, false]);
  fail(30_000);
  expect([89_999, 90_000].map((ms) => rule.admits(0, ms, 0))).toEqual([false, true]);
});

test("half of a window opens, and one call decides", () => {
  const rule: StockRule = halfWindow(1);
  for (let count = 0; count < 20; count++) rule.ended(0, count % 2 === 0, 1_000);
  expect([2_000, 6_000, 6_000].map((ms) => rule.admits(0, ms, 0))).toEqual([false, true, false]);
  rule.ended(0, true, 6_100);
  expect(rule.admits(0, 6_100, 0)).toBe(true);
});

test("a partial outage is what stock rules do not leave", async () => {
  const scenario = traceOf({ title: "", fault: "kind: overloaded, share: 40%", ratePerS: 2, seconds: 60 });
  const rows = new Map((await playTraces(scenario, 1)).map((row) => [row.rule, row]));
  const onSick = (rule: string): number => rows.get(rule)?.sickAttemptsPerCall ?? Number.NaN;
  expect(onSick("failover alone")).toBe(1);
  expect(onSick("half of a window")).toBeGreaterThan(onSick("**Holdfast**"));
  const page = readFileSync(join(import.meta.dir, "../docs/reference/differential.md"), "utf8");
  const named = [...rows.keys()].map(
    (rule) => page.split("\n").filter((line) => line.startsWith(`| ${rule} |`)).length,
  );
  expect(named).toEqual(new Array(9).fill(4));
});
