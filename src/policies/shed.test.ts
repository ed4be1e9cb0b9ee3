// The rule: who is tried while no target is believed to answer. How it plays out is in test/world/limits.test.ts.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { AdmissionCell } from "../core/cell.ts";
import { createCells } from "../state/cells.ts";
import {
  admission,
  admittedAnswered,
  chosenOf,
  goesOn,
  isOutage,
  queueMs,
  type Standpoint,
  shedRetryMs,
} from "./shed.ts";

const UP: Standpoint = { admitted: true, strained: false, down: false, hopeful: false, hushed: false, mute: false };
const DOWN: Standpoint = { admitted: false, strained: true, down: true, hopeful: false, hushed: false, mute: false };
const HOPEFUL: Standpoint = { ...DOWN, hopeful: true };
const RAMP: Standpoint = { ...UP, admitted: false };

function cellOf(more: Partial<AdmissionCell>): AdmissionCell {
  return Object.assign(createCells().admission("r"), { triedAtMs: 0 }, more);
}

describe("an outage is when all in rotation are down", () => {
  test.each([
    ["one is up", [DOWN, UP], [], false],
    ["one is on its way back", [DOWN, RAMP], [], false],
    ["all are down", [DOWN, HOPEFUL], [], true],
    ["the only one up is drained", [DOWN, UP], [1], true],
    ["all are drained", [DOWN, UP], [0, 1], false],
  ] as const)("%s", (_, standings, drained: readonly number[], found) => {
    expect(isOutage(standings, (index) => drained.includes(index))).toBe(found);
  });
});

describe("who is tried", () => {
  const rows = [
    ["nobody is shed on the word of a few", { tried: 3.9, answered: 0 }, "default", 0.99, "all"],
    ["nothing is answered: few", { tried: 24.75, answered: 0 }, "default", 0.05, "shed"],
    ["nothing is answered: not none", { tried: 24.75, answered: 0 }, "default", 0.03, "one"],
    ["critical: four times as many", { tried: 24.75, answered: 0 }, "critical", 0.15, "one"],
    ["sheddable: none", { tried: 24.75, answered: 0 }, "sheddable", 0, "shed"],
    ["a third is answered: nobody is shed", { tried: 30, answered: 10 }, "sheddable", 0.99, "all"],
    ["a tenth is answered: four tenths are tried", { tried: 30, answered: 3 }, "default", 0.4, "one"],
  ] as const;
  test.each(rows)("%s", (_, more, criticality, random, found) => {
    expect(admission(cellOf(more), { criticality, hopeful: false, random }, 0)).toBe(found);
  });
  test("somebody every five seconds, whatever the share; a target with hope gets half", () => {
    const sick = { tried: 1_000, answered: 0 };
    const plea = { criticality: "default", hopeful: false, random: 0.49 } as const;
    expect(admission(cellOf({ ...sick, triedAtMs: -4_999 }), plea, 0)).toBe("shed");
    expect(admission(cellOf({ ...sick, triedAtMs: -5_000 }), plea, 0)).toBe("one");
    expect(admission(cellOf(sick), { ...plea, hopeful: true }, 0)).toBe("one");
  });
  test("calls that began before are tried further until a few have failed so", () => {
    const cell = cellOf({});
    expect(Array.from({ length: 6 }, () => goesOn(cell, 0))).toEqual([true, true, true, true, false, false]);
    expect(goesOn(cellOf({ tried: 30, answered: 10 }), 0)).toBe(true);
  });
  test("targets take turns; one that has answered a probe goes first; a drained one is none", () => {
    const cell = cellOf({});
    const first = (standings: readonly Standpoint[], drained = -1) =>
      chosenOf(cell, standings, (index) => index === drained).findIndex(({ admitted }) => admitted);
    expect([first([DOWN, DOWN]), first([DOWN, DOWN]), first([DOWN, DOWN])]).toEqual([0, 1, 0]);
    expect(first([DOWN, HOPEFUL])).toBe(1);
    expect(first([DOWN, HOPEFUL], 1)).toBe(0);
  });
});

test("whatever the clock and the answers do, counts stay within their bounds and waits are finite", () => {
  const step = fc.record({
    nowMs: fc.oneof(fc.integer({ min: -1e12, max: 1e12 }), fc.constant(0)),
    random: fc.double({ min: 0, max: 0.999, noNaN: true }),
    answered: fc.boolean(),
    criticality: fc.constantFrom("critical" as const, "default" as const, "sheddable" as const),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const cell = cellOf({});
      return steps.every(({ nowMs, random, answered, criticality }) => {
        admission(cell, { criticality, hopeful: false, random }, nowMs);
        if (answered) admittedAnswered(cell, nowMs);
        const bounded = cell.answered >= 0 && cell.answered <= cell.tried + 1e-9 && cell.tried <= steps.length;
        return bounded && shedRetryMs(random) <= 10_000 && queueMs(nowMs) >= 0 && queueMs(nowMs) <= 1_000;
      });
    }),
  );
});
