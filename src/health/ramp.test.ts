import { expect, test } from "bun:test";
import { PROBES_WANTED_MIN } from "../core/cell.ts";
import { createBelief } from "../state/belief-cell.ts";
import { beginRamp, cutRamp, growRamp } from "./ramp.ts";

test.each([
  [0.25, 1],
  [1, 0.25],
  [5, 0.16],
  [20, 0.04],
  [100, 0.02],
])(
  "at %d calls/s the way back begins with a share of %d: twice what a window must see, at most a quarter",
  (perS, share) => {
    const cell = createBelief();
    cell.offered.perS = perS;
    beginRamp(cell, 0, 0.5);
    expect(cell.admission).toBeCloseTo(share, 6);
    expect(cell.admissionFloor).toBe(cell.admission);
  },
);

/** Outcomes until it is healed, of which every `failing`th fails; at all calls already, after `relapses`. */
function healedAfter(failing: number, relapses: number): number {
  const cell = createBelief();
  cell.offered.perS = 20;
  cell.probesWanted = PROBES_WANTED_MIN + relapses;
  beginRamp(cell, 0, 0.5);
  cell.admission = 1;
  for (let number = 1; number <= 5_000; number++) {
    cutRamp(cell, number % failing === 0, number * 50);
    if (growRamp(cell, number * 50, () => 0.5)) return number;
  }
  return Number.POSITIVE_INFINITY;
}

test("the oftener it relapsed the more must be good in a row, and one in twelve failing never heals it then", () => {
  const never = 1_000_000;
  expect([0, 1, 2, 3].map((relapses) => healedAfter(never, relapses))).toEqual([10, 51, 92, 133]);
  expect([healedAfter(200, 3), healedAfter(50, 3)].every((outcomes) => outcomes < 700)).toBe(true);
  expect([healedAfter(12, 1), healedAfter(12, 3)]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
});
