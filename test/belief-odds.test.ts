// How often belief is wrong about a target that is well, by millions of draws: too slow for `npm run check`. How soon it is right is
// `src/health/belief.test.ts` and test/world/belief.test.ts.

import { expect, test } from "bun:test";
import type { PageWord, PoolCell } from "../src/core/cell.ts";
import { type Believed, note, stand } from "../src/health/belief.ts";
import { DETECTION, ejectAt, scored } from "../src/health/cusum.ts";
import { createBelief, createSelf } from "../src/state/belief-cell.ts";

const BASELINE = 0.005;

/** xorshift32: fast enough for ten million draws. */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}

function believed(page?: PageWord): Believed {
  const never = Number.NEGATIVE_INFINITY;
  const pool: PoolCell = { page, score: 0, lastModel: "", lastFailedMs: never, otherFailedMs: never };
  return { cell: createBelief(), pool, model: "m", self: createSelf(), domain: "d" };
}

/** False ejections of the whole rule, successes told in halves. */
function ejections(calls: number, ratePerS: number, page?: PageWord): number {
  const random = draws(20_260_623);
  let one = believed(page);
  let found = 0;
  for (let call = 1; call <= calls; call++) {
    const nowMs = (call * 1_000) / ratePerS;
    const at = { nowMs, random };
    stand(one, "call", at);
    const failed = random() < BASELINE;
    const parts = failed ? [{ weight: 1, last: true }] : [false, true].map((last) => ({ weight: 0.5, last }));
    for (const part of parts) {
      if (note(one, { ...part, failed, beganMs: nowMs }, at)?.state !== "ejected") continue;
      found++;
      one = believed(page);
      break;
    }
  }
  return found;
}

test("ten million calls at 0.5 % failures: at most one false alarm in a million", () => {
  const random = draws(20_260_623);
  let score = 0;
  let alarms = 0;
  for (let call = 0; call < 10_000_000; call++) {
    score = scored(score, DETECTION, random() < BASELINE, 1);
    if (score < ejectAt(1)) continue;
    alarms++;
    score = 0;
  }
  expect(alarms).toBeLessThanOrEqual(10);
});

test.each([1, 20, 1_000])("the whole rule at %d calls/s: three million calls, at most three ejections", (ratePerS) => {
  expect(ejections(3_000_000, ratePerS)).toBeLessThanOrEqual(3);
});

test("a page that cries for a day ejects less than once an hour at ten calls a second; one that is calm, once at most", () => {
  const word = (health: PageWord["health"]): PageWord => ({ health, models: [], untilMs: Number.POSITIVE_INFINITY });
  expect(ejections(864_000, 10, word("major_outage"))).toBeLessThan(24);
  expect(ejections(864_000, 10, word("operational"))).toBeLessThanOrEqual(1);
});
