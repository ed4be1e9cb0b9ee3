// Several gateways and what they tell each other: fifty come back to a provider that is slow to warm up without overloading
// it, ask it no more often than one would, and one split into many notices as soon (M5).

import { expect, setDefaultTimeout, test } from "bun:test";
import { fleetRun } from "../support/fleet-run.ts";

setDefaultTimeout(600_000);

test("fifty gateways: little overload, few probes, and back", async () => {
  const run = await fleetRun({ seed: 1, gateways: 50, ratePerS: 100, told: true });
  expect(run.broken).toEqual([]);
  expect(run.overload).toBeLessThanOrEqual(0.15);
  expect(run.probesPerS).toBeLessThanOrEqual(1);
  expect(run.probesPerSMost).toBeLessThanOrEqual(1);
  expect(run.shareOfFirst).toBeGreaterThanOrEqual(0.9);
  expect(run.failedWhileComingBack).toBeLessThanOrEqual(0.01);
});

test("M5: one gateway split into five that tell each other notices as soon and sends no more", async () => {
  const sums = { one: 0, five: 0, attemptsOfOne: 0, attemptsOfFive: 0 };
  for (let seed = 1; seed <= 5; seed++) {
    const one = await fleetRun({ seed, gateways: 1, ratePerS: 5, told: false, partial: true });
    const five = await fleetRun({ seed, gateways: 5, ratePerS: 5, told: true, partial: true });
    sums.one += one.detectedMs;
    sums.five += five.detectedMs;
    sums.attemptsOfOne += one.attemptsPerCall;
    sums.attemptsOfFive += five.attemptsPerCall;
    expect([...one.broken, ...five.broken]).toEqual([]);
  }
  expect(sums.five).toBeLessThanOrEqual(2 * sums.one);
  expect(Math.abs(sums.attemptsOfFive / sums.attemptsOfOne - 1)).toBeLessThanOrEqual(0.05);
});
