import { expect, test } from "bun:test";
import { createBelief } from "../state/belief-cell.ts";
import { beginRamp } from "./ramp.ts";

test.each([
  [0.25, 1],
  [1, 0.8],
  [5, 0.16],
  [20, 0.04],
  [100, 0.02],
])("at %d calls/s the way back begins with a share of %d: twice what a window must see", (perS, share) => {
  const cell = createBelief();
  cell.offered.perS = perS;
  beginRamp(cell, 0, 0.5);
  expect(cell.admission).toBeCloseTo(share, 6);
  expect(cell.admissionFloor).toBe(cell.admission);
});
