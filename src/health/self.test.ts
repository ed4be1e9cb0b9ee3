// When we suspect ourselves, and when not: as a rule alone. How it plays out is test/world/self.test.ts.

import { expect, test } from "bun:test";
import fc from "fast-check";
import type { SelfCell } from "../core/cell.ts";
import { createSelf } from "../state/belief-cell.ts";
import {
  domainAnswered,
  domainSilent,
  isLagging,
  isSleptThrough,
  loopLeft,
  loopTurned,
  silentDomains,
  suspectsItself,
  toldOfSelf,
} from "./self.ts";

const silent = (self: SelfCell, names: readonly string[], atMs: number) => {
  for (const name of names) domainSilent(self, name, atMs);
};

test.each<[string, (self: SelfCell) => void, boolean]>([
  ["one alone", (self) => silent(self, ["a"], 9_000), false],
  ["one alone, again and again", (self) => silent(self, ["a", "a", "a"], 9_000), false],
  ["two at once", (self) => silent(self, ["a", "b"], 9_000), true],
  [
    "two within ten seconds",
    (self) => {
      silent(self, ["a"], 1_000);
      silent(self, ["b"], 9_000);
    },
    true,
  ],
  [
    "two, far apart",
    (self) => {
      silent(self, ["a"], -9_000);
      silent(self, ["b"], 9_000);
    },
    false,
  ],
  [
    "two, of which one answers again",
    (self) => {
      silent(self, ["a", "b"], 8_000);
      domainAnswered(self, "b", 8_500);
      silent(self, ["a"], 9_000);
    },
    false,
  ],
  [
    "two, while a third answers",
    (self) => {
      for (const atMs of [7_000, 7_500, 8_000, 8_500]) {
        silent(self, ["a", "b"], atMs);
        domainAnswered(self, "c", atMs + 100);
      }
    },
    false,
  ],
  [
    "two, when the third stops answering too",
    (self) => {
      silent(self, ["a", "b"], 7_000);
      domainAnswered(self, "c", 7_500);
      silent(self, ["a", "b", "c"], 8_000);
    },
    true,
  ],
])("%s", (_, happen, expected) => {
  const self = createSelf();
  happen(self);
  expect(suspectsItself(self, 10_000)).toBe(expected);
  expect(suspectsItself(self, 30_000)).toBe(false);
});

test("a beat that is half a second late, or overdue when somebody asks, is our own trouble for two seconds", () => {
  const self = createSelf();
  for (let nowMs = 0; nowMs <= 5_000; nowMs += 500) loopTurned(self, 500, { nowMs, wallMs: nowMs });
  expect([5_900, 5_999].map((nowMs) => isLagging(self, nowMs))).toEqual([false, false]);
  expect(suspectsItself(self, 9_000)).toBe(true);
  for (let nowMs = 9_001; nowMs <= 11_001; nowMs += 500) {
    loopTurned(self, 500, { nowMs, wallMs: nowMs });
    expect(suspectsItself(self, nowMs)).toBe(nowMs < 11_000);
  }
  loopLeft(self);
  expect(isLagging(self, 1e9)).toBe(false);
});

test.each<[string, number, number, boolean]>([
  ["four seconds: a stall, and what was under way still counts", 5_000, 4_000, false],
  ["forty-five seconds", 45_000, 45_000, true],
  ["forty-five seconds in which the clock of timers stood still", 500, 45_000, true],
  ["an hour that somebody put the wall's clock back", 500, -3_600_000, false],
])("a sleep of %s", (_, clockMs, wallMs, slept) => {
  const self = createSelf();
  loopTurned(self, 500, { nowMs: 10_000, wallMs: 1e12 });
  loopTurned(self, 500, { nowMs: 10_500, wallMs: 1e12 + 500 });
  const nowMs = 10_500 + clockMs;
  loopTurned(self, 500, { nowMs, wallMs: 1e12 + 500 + wallMs });
  expect([isSleptThrough(self, 10_000, nowMs), isSleptThrough(self, nowMs, nowMs + 1)]).toEqual([slept, false]);
  expect(isSleptThrough(self, 10_000, 9_000)).toBe(false);
});

test("told once when it begins and once when it is over", () => {
  const self = createSelf();
  for (const name of ["a", "b"]) domainSilent(self, name, 1_000);
  expect(silentDomains(self, 1_500)).toEqual(["a", "b"]);
  expect([1_500, 3_000, 4_000, 20_000, 21_000].map((nowMs) => toldOfSelf(self, nowMs))).toEqual([
    undefined,
    "began",
    undefined,
    "ended",
    undefined,
  ]);
});

test("whatever the clock does, it holds for no longer than it may and keeps no more than it may", () => {
  const step = fc.record({ what: fc.nat(2), domain: fc.nat(200), nowMs: fc.integer({ min: -1e9, max: 1e9 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const self = createSelf();
      for (const { what, domain, nowMs } of steps) {
        if (what === 0) domainSilent(self, `d${domain}`, nowMs);
        else if (what === 1) domainAnswered(self, `d${domain}`, nowMs);
        else loopTurned(self, 500, { nowMs, wallMs: nowMs });
        expect(self.silent.size).toBeLessThanOrEqual(64);
        loopLeft(self);
        if (suspectsItself(self, nowMs)) expect(suspectsItself(self, nowMs + 15_000)).toBe(false);
        expect(suspectsItself(self, nowMs - 1e6)).toBe(false);
      }
    }),
    { numRuns: 200 },
  );
});
