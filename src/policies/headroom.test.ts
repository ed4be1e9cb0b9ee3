// What a target may take over from others. How it plays out is test/world/headroom.test.ts.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createHeadroom } from "../state/headroom-cell.ts";
import {
  GROWTH_FREE_TOKENS,
  growthLimit,
  learntPerS,
  refusedRate,
  roomFor,
  sendTo,
  tokensOfBody,
  tookOver,
} from "./headroom.ts";

const call = { tokens: 1_000, criticality: "default" as const };

/** A minute at an even pace; how many were passed on, and how many went there. */
function minute(cell: ReturnType<typeof createHeadroom>, startMs: number, calls: number) {
  let sent = 0;
  for (let index = 0; index < calls; index++) {
    const nowMs = startMs + (index * 60_000) / calls;
    if (roomFor(cell, call, nowMs) !== "free") continue;
    sendTo(cell, call.tokens, nowMs);
    sent++;
  }
  return sent * call.tokens;
}

describe("growth", () => {
  test("below a million tokens a minute there is no cap", () => {
    expect(minute(createHeadroom(), 0, 990)).toBe(990_000);
  });

  test("above it a load grows by half in a quarter of an hour, however much is there", () => {
    const cell = createHeadroom();
    const sent = [...Array(31).keys()].map((at) => minute(cell, at * 60_000, 4_000));
    expect(sent[0]).toBeLessThanOrEqual(1.2 * GROWTH_FREE_TOKENS);
    expect(sent[15]).toBeGreaterThan(1.4 * GROWTH_FREE_TOKENS);
    expect(sent[15]).toBeLessThanOrEqual(1.55 * GROWTH_FREE_TOKENS);
    expect(sent[30]).toBeLessThanOrEqual(1.55 ** 2 * GROWTH_FREE_TOKENS);
  });

  test("what it usually has is proven, and is forgotten in its time", () => {
    const cell = createHeadroom();
    for (let index = 0; index < 60 * 3_000; index++) sendTo(cell, 1_000, (index * 60_000) / 3_000);
    expect(growthLimit(cell)).toBeGreaterThan(2_500_000);
    sendTo(cell, 0, 240 * 60_000);
    expect(growthLimit(cell)).toBe(GROWTH_FREE_TOKENS);
  });

  test("a body is never more than so many tokens", () => expect(tokensOfBody(1e12)).toBe(200_000));
});

describe("a refusal", () => {
  function refused(atPerS: number) {
    const cell = createHeadroom();
    for (let index = 0; index < 40 * atPerS; index++) tookOver(cell, (index * 1_000) / atPerS);
    refusedRate(cell, 40_000);
    return cell;
  }

  test("cuts to seven tenths of what was accepted, is back at it after half a minute, then asks for more", () => {
    const cell = refused(10);
    expect(learntPerS(cell, 40_000)).toBeCloseTo(7, 0);
    expect(learntPerS(cell, 70_000)).toBeCloseTo(10, 0);
    expect(learntPerS(cell, 100_000)).toBeCloseTo(13, 0);
    expect(roomFor(cell, call, 340_000)).toBe("free");
    expect(learntPerS(cell, 340_000)).toBe(Number.POSITIVE_INFINITY);
  });

  test("those that follow within ten seconds are of the same cut", () => {
    const cell = refused(10);
    const before = learntPerS(cell, 41_000);
    refusedRate(cell, 41_000);
    expect(learntPerS(cell, 41_000)).toBe(before);
  });

  test("leaves room for those above, and never closes", () => {
    const cell = refused(10);
    const rooms = ["critical", "default", "sheddable"] as const;
    const at = (nowMs: number) =>
      rooms.map((criticality) => roomFor(cell, { tokens: 1, criticality }, nowMs) === "free");
    expect(at(40_000)).toEqual([false, false, false]);
    expect(at(40_160)).toEqual([true, false, false]);
    expect(at(40_400)).toEqual([true, true, false]);
    expect(at(42_000)).toEqual([true, true, true]);
    const alone = createHeadroom();
    refusedRate(alone, 0);
    expect(learntPerS(alone, 0)).toBeGreaterThanOrEqual(0.2 * 0.99);
    expect(roomFor(alone, call, 5_001)).toBe("free");
  });
});

test("whatever the clock and the calls do, every number stays in its bounds", () => {
  const huge = Number.MAX_SAFE_INTEGER;
  const step = fc.record({
    deltaMs: fc.oneof(fc.integer({ min: -1e12, max: 1e12 }), fc.integer({ min: 0, max: 20_000 })),
    what: fc.integer({ min: 0, max: 3 }),
    bytes: fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.constant(huge)),
    criticality: fc.constantFrom("critical", "default", "sheddable"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const cell = createHeadroom();
      let nowMs = 1e10;
      for (const { deltaMs, what, bytes, criticality } of steps) {
        nowMs += deltaMs;
        const tokens = tokensOfBody(bytes);
        if (what === 0) sendTo(cell, tokens, nowMs);
        else if (what === 1) tookOver(cell, nowMs);
        else if (what === 2) refusedRate(cell, nowMs);
        else roomFor(cell, { tokens, criticality }, nowMs);
        const { growth, learnt, provenTokens } = cell;
        for (const value of [growth.level, learnt.level, provenTokens, cell.tokens]) {
          expect(Number.isFinite(value)).toBe(true);
        }
        expect(growthLimit(cell) >= GROWTH_FREE_TOKENS).toBe(true);
        expect(learntPerS(cell, nowMs) >= 0.2).toBe(true);
        expect(growth.level <= growthLimit(cell) / 6 + 1e-6).toBe(true);
      }
      // However it came there: after a quiet quarter of an hour a call has room.
      sendTo(cell, 0, nowMs);
      expect(roomFor(cell, { tokens: 1, criticality: "sheddable" }, nowMs + 1e6)).toBe("free");
    }),
  );
});
