// The rule: what is left of a bucket, and how long until a call fits. That a 429 is avoided by it is shown in
// test/world/quota.test.ts.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { QuotaCell } from "../core/cell.ts";
import type { LimitKind, RateLimit } from "../core/rate-limit.ts";
import {
  createQuota,
  debitQuota,
  doubtQuota,
  learnUsage,
  needOf,
  QUOTA_PAUSE_MAX_MS,
  quotaWaitMs,
  releaseQuota,
  tellQuota,
} from "./quota.ts";

const NEED = { requests: 1, input: 100, output: 50, tokens: 150 };

function told(...limits: readonly RateLimit[]): QuotaCell {
  const cell = createQuota();
  tellQuota(cell, { limits, need: NEED, debited: false }, 0);
  return cell;
}

const requests = (remaining: number, resetMs?: number): RateLimit =>
  resetMs === undefined
    ? { kind: "requests", limit: 60, remaining }
    : { kind: "requests", limit: 60, remaining, resetMs };

describe("how long until a call fits", () => {
  test.each([
    ["nothing is known", told(), 0, 0],
    ["enough is left", told(requests(5)), 0, 0],
    ["nothing is left: one comes back a second", told(requests(0)), 0, 1_000],
    ["half a second later", told(requests(0)), 500, 500],
    ["the reset says how fast: all 60 in two minutes", told(requests(0, 120_000)), 0, 2_000],
    ["a limit of a day keeps away a minute at most", told(requests(0, 86_400_000)), 0, QUOTA_PAUSE_MAX_MS],
    ["the tightest bucket decides", told(requests(5), { kind: "input", limit: 60_000, remaining: 0 }), 0, 1_000],
    ["a call larger than the bucket needs it full", told({ kind: "input", limit: 60, remaining: 30 }), 0, 30_000],
    ["what was told long ago is forgotten", told(requests(0, 3e9)), 300_001, 0],
  ])("%s", (_, cell, nowMs, waitMs) => {
    expect(quotaWaitMs(cell, nowMs)).toBeCloseTo(waitMs, 6);
  });
});

test("what is sent counts until the provider tells, or it is known that nothing was sent", () => {
  const cell = told(requests(2));
  debitQuota(cell, NEED, 0);
  expect(cell.untilMs).toBe(0);
  debitQuota(cell, NEED, 0);
  expect(cell.untilMs).toBeCloseTo(1_000, 6);
  releaseQuota(cell, NEED, false, 0);
  expect(quotaWaitMs(cell, 0)).toBe(0);
  tellQuota(cell, { limits: [requests(1)], need: NEED, debited: true }, 0);
  expect(cell.untilMs).toBe(0);
  releaseQuota(cell, NEED, true, 0);
  expect(quotaWaitMs(cell, 0)).toBeCloseTo(1_000, 6);
});

test("estimates follow what was used; what came from the prompt cache is no input; the bytes of an image are no tokens", () => {
  const cell = createQuota();
  for (let each = 0; each < 100; each++) {
    learnUsage(cell, { inputTokens: 2_000, cacheReadTokens: 1_800, outputTokens: 100 });
  }
  const need = needOf(cell, 4_000_000, undefined);
  expect(need.input).toBeCloseTo(4 * 200, -1);
  expect(need.tokens).toBeCloseTo(4 * 2_000 + 100, -1);
  expect(needOf(cell, 400, 10)).toMatchObject({ input: 100, output: 10, tokens: 110 });
});

test("headers that are contradicted by answers are ignored for a while", () => {
  const cell = told(requests(0));
  doubtQuota(cell, true, 0);
  doubtQuota(cell, false, 0);
  doubtQuota(cell, true, 0);
  doubtQuota(cell, true, 0);
  expect(quotaWaitMs(cell, 0)).toBeGreaterThan(0);
  doubtQuota(cell, true, 0);
  expect(quotaWaitMs(cell, 0)).toBe(0);
  expect(cell.untilMs).toBe(0);
});

test("whatever is told, used and awaited, waits stay within their bounds and counts finite", () => {
  const amount = fc.oneof(fc.integer({ min: 0, max: 999_999_999_999_999 }), fc.constantFrom(0, 1));
  const limit = fc
    .record({
      kind: fc.constantFrom<LimitKind>("requests", "input", "output", "tokens"),
      limit: fc.integer({ min: 1, max: 999_999_999_999_999 }),
      remaining: amount,
      resetMs: fc.oneof(fc.constantFrom(0, 1e-9, 1, 1e300, Number.MAX_VALUE), fc.integer({ min: 0, max: 1e12 })),
    })
    .map((told): RateLimit => ({ ...told, remaining: Math.min(told.limit, told.remaining) }));
  const nowMs = fc.oneof(fc.integer({ min: -1e12, max: 1e12 }), fc.constant(0));
  const count = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, -1, Number.POSITIVE_INFINITY, 1e300));
  const step = fc.record({
    limits: fc.array(limit, { maxLength: 4 }),
    nowMs,
    count,
    bytes: amount,
    flag: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const cell = createQuota();
      return steps.every(({ limits, nowMs, count, bytes, flag }) => {
        const need = needOf(cell, bytes, flag ? 100 : undefined);
        debitQuota(cell, need, nowMs);
        if (flag) tellQuota(cell, { limits, need, debited: true }, nowMs);
        else releaseQuota(cell, need, count > 0, nowMs);
        learnUsage(cell, { inputTokens: count, outputTokens: count });
        const waitMs = quotaWaitMs(cell, nowMs);
        const until = cell.untilMs === 0 || cell.untilMs - nowMs <= QUOTA_PAUSE_MAX_MS + 1e-3;
        return waitMs >= 0 && waitMs <= QUOTA_PAUSE_MAX_MS && (until || cell.untilMs <= 1e12 + QUOTA_PAUSE_MAX_MS);
      });
    }),
    { numRuns: 500 },
  );
});
