// The evidence of one key. How it plays out is test/world/nodes.test.ts.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { pickKey, takeKey } from "../policies/key-rotation.ts";
import { createKeyEvidence, noteKey } from "./key-node.ts";

const failed = { failed: true, weight: 1 };
const half = { failed: false, weight: 0.5 };

test("two failures make it sick, two successes of its trials well again; a failure in between counts", () => {
  const cell = createKeyEvidence();
  noteKey(cell, failed, 0);
  expect(cell.sick).toBe(false);
  noteKey(cell, failed, 0);
  expect(cell.sick).toBe(true);
  const seen = [half, half, failed, half, half, half, half].map((told) => {
    noteKey(cell, told, 0);
    return cell.sick;
  });
  expect(seen).toEqual([true, true, true, true, true, false, false]);
});

test("the next key is used, the sick one is tried by one call in ten seconds; where all are sick, the least", () => {
  const state = () => ({
    key: { restUntilMs: 0, strikes: 0, sure: false },
    pause: { pausedUntilMs: 0, limitedUntilMs: 0, waiting: false, refusesPrefix: false, evidence: createKeyEvidence() },
  });
  const keys = [state(), state()] as const;
  const take = (nowMs: number, tries = true) => {
    const place = pickKey(keys, nowMs, tries);
    if (tries && keys[place as 0 | 1] !== undefined) takeKey(keys[place as 0 | 1], nowMs);
    return place;
  };
  for (const told of [failed, failed]) noteKey(keys[0].pause.evidence, told, 1_000);
  expect([take(1_000), take(10_999), take(11_000, false), take(11_000), take(11_001)]).toEqual([1, 1, 1, 0, 1]);
  for (const told of [failed, failed, failed]) noteKey(keys[1].pause.evidence, told, 11_001);
  expect(take(11_002)).toBe(0);
});

test("whatever comes, the score stays in its bounds", () => {
  const step = fc.record({ failed: fc.boolean(), weight: fc.double({ min: 0, max: 2, noNaN: true }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const cell = createKeyEvidence();
      for (const told of steps) {
        noteKey(cell, told, 0);
        expect(cell.score >= 0 && cell.score <= 40).toBe(true);
      }
    }),
  );
});
