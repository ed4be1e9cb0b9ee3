import { expect, test } from "bun:test";
import { edgesOf, onsetsOf } from "./fault-edges.ts";
import { type ScheduledFault, standingFault } from "./fault-script.ts";

const aim = { provider: "alpha", model: "m" };

function fault(atMs: number, forMs: number, share: number, more: Partial<ScheduledFault> = {}): ScheduledFault {
  return { ...standingFault({ kind: "overloaded" }), atMs, forMs, share, ...more };
}

test.each<[string, readonly ScheduledFault[], readonly number[]]>([
  ["one", [fault(10, 10, 0.4)], [10]],
  ["one that fades", [fault(10, 10, 0.4), fault(20, 10, 0.12), fault(30, 10, 0.04)], [10]],
  ["one that grows", [fault(10, 10, 0.04), fault(20, 10, 0.4)], [10]],
  ["one that fades and comes again", [fault(10, 10, 0.4), fault(20, 10, 0.04), fault(30, 10, 0.4)], [10, 30]],
  ["two apart", [fault(10, 10, 0.4), fault(30, 10, 0.4)], [10, 30]],
  ["two at once", [fault(10, 20, 0.3), fault(15, 5, 0.9)], [10]],
  ["two that are one together", [fault(10, 10, 0.06), fault(12, 5, 0.06)], [10]],
  ["what passes for well", [fault(10, 10, 0.02)], []],
  [
    "a caller's doing",
    [fault(10, 10, 1, { kind: "rate-limit" }), fault(10, 10, 1, { kind: "status", status: 404 })],
    [],
  ],
  ["another's", [fault(10, 10, 1, { on: ["beta"] }), fault(10, 10, 1, { on: ["alpha/other"] })], []],
  ["every twenty", [fault(10, 5, 0.4, { everyMs: 20 })], [10, 30, 50, 70, 90]],
])("%s", (_, faults, onsets) => {
  expect(onsetsOf(faults, aim, 100)).toEqual([...onsets]);
});

test("edges: beginnings, ramps' ends and ends, each once", () => {
  expect(edgesOf([fault(10, 20, 1, { rampMs: 5 }), fault(30, 10, 1)], 100)).toEqual([10, 15, 30, 40]);
  expect(edgesOf([fault(10, Number.POSITIVE_INFINITY, 1)], 100)).toEqual([10]);
});
