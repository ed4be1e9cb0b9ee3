// Slowness by itself: how soon it is seen, how rarely it is seen where there is none, and that no number leaves its bounds.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { BeliefCell } from "../core/cell.ts";
import { createBelief } from "../state/belief-cell.ts";
import { firstCame, paceShare, tokensPerSAtLeast, wrote } from "./slowness.ts";

/** xorshift32, then Box–Muller: a normal deviate. */
function normals(seed: number): () => number {
  let state = seed;
  const uniform = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 1) / 0x1_0000_0002;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** First contents around 1.2 s, from 0.2 s to 7 s in 98 of 100, times `factor`. */
function feed(cell: BeliefCell, normal: () => number, calls: number, factor: number, sinceMs = 0): number {
  let turns = 0;
  for (let call = 0; call < calls; call++) {
    if (firstCame(cell, 0, factor * 1_200 * Math.exp(0.8 * normal()), sinceMs + call * 1_000)) turns++;
  }
  return turns;
}

describe("first contents", () => {
  test("a million calls as ever: hardly ever called slow", () => {
    const cell = createBelief();
    expect(feed(cell, normals(7), 1_000_000, 1)).toBeLessThanOrEqual(20);
  });

  test("five times as late is seen within 20 calls, and that it is over", () => {
    const cell = createBelief();
    const normal = normals(3);
    feed(cell, normal, 2_000, 1);
    expect(feed(cell, normal, 20, 5, 3e6)).toBe(1);
    expect(cell.slow).toBe(true);
    expect([paceShare(cell, 20), paceShare(cell, 0.1)]).toEqual([0.1, 0.3]);
    feed(cell, normal, 60, 1, 4e6);
    expect([cell.slow, paceShare(cell, 20)]).toEqual([false, 1]);
  });

  test("one call that is very late says little", () => {
    const cell = createBelief();
    feed(cell, normals(3), 2_000, 1);
    firstCame(cell, 0, 600_000, 3e6);
    expect(cell.slow).toBe(false);
  });

  test("what stays so for a quarter of an hour is how it is", () => {
    const cell = createBelief();
    const normal = normals(5);
    feed(cell, normal, 2_000, 1);
    feed(cell, normal, 200, 4, 3e6);
    expect(cell.slow).toBe(true);
    feed(cell, normal, 1_000, 4, 3e6 + 200_000);
    expect(cell.slow).toBe(false);
  });

  test("shapes are not compared with each other", () => {
    const cell = createBelief();
    for (let call = 0; call < 200; call++) {
      firstCame(cell, 0, 400, call);
      firstCame(cell, 2, 20_000, call);
    }
    expect(cell.lateness).toBe(0);
  });
});

test("tokens a second are those that nineteen of twenty streams exceed", () => {
  const cell = createBelief();
  for (let call = 0; call < 29; call++) wrote(cell, { tokens: 500, writingMs: 5_000 + call * 10 });
  expect(tokensPerSAtLeast(cell)).toBeUndefined();
  for (let call = 29; call < 100; call++) wrote(cell, { tokens: 500, writingMs: 5_000 + call * 10 });
  expect(tokensPerSAtLeast(cell)).toBeGreaterThan(60);
  expect(tokensPerSAtLeast(cell)).toBeLessThan(100);
});

test("whatever comes, every number stays finite and in its bounds", () => {
  const number = fc.oneof(fc.double(), fc.integer({ min: -1e9, max: 1e9 }), fc.constantFrom(0, Number.NaN, Infinity));
  const step = fc.record({ first: fc.boolean(), one: number, two: number, nowMs: number });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const cell = createBelief();
      for (const { first, one, two, nowMs } of steps) {
        if (first) firstCame(cell, 0, one, nowMs);
        else wrote(cell, { tokens: one, writingMs: two });
        for (const score of [cell.lateness, cell.crawling]) expect(score >= 0 && score <= 10).toBe(true);
        for (const pace of [cell.writing, ...cell.paces]) {
          if (pace === undefined) continue;
          expect(Object.values(pace).every(Number.isFinite)).toBe(true);
          expect(pace.variance).toBeGreaterThanOrEqual(0);
        }
      }
    }),
    { numRuns: 300 },
  );
});
