import { expect, test } from "bun:test";
import type { GatewayEvent } from "../core/gateway-event.ts";
import { createChecker } from "./checkers.ts";

type Loose = {
  readonly type: GatewayEvent["type"];
  readonly call?: string;
  readonly number?: number;
  readonly atMs?: number;
};

function judge(events: readonly Loose[], state = { inFlight: 0, timers: 0 }): readonly string[] {
  const checker = createChecker({ attemptsMax: () => 2 });
  // Only the fields that the checker reads.
  for (const event of events) checker.see({ call: "c1", atMs: 0, route: "r", message: "m", ...event } as GatewayEvent);
  checker.atRest(state);
  const broken = checker.invariants().filter(({ held }) => !held);
  expect(checker.held).toBe(broken.length === 0);
  return broken.map(({ name }) => name);
}

const start: Loose = { type: "call-start" };
const end: Loose = { type: "call-end" };
const begin = (number: number): Loose => ({ type: "attempt-start", number });
const done = (number: number): Loose => ({ type: "attempt-end", number });

test("a call that keeps every promise", () => {
  expect(judge([start, begin(1), done(1), begin(2), { type: "call-commit" }, done(2), end])).toEqual([]);
});

test("each broken promise is named", () => {
  const attempts = "each attempt-start has one attempt-end";
  const calls = "each call-start has one call-end";
  expect(judge([start, begin(1), end])).toEqual([attempts]);
  expect(judge([start, begin(1), done(1), done(1), end])).toEqual([attempts]);
  expect(judge([start, begin(2), done(2), end])).toEqual([attempts]);
  expect(judge([start])).toEqual([calls]);
  expect(judge([start, end, end])).toEqual([calls]);
  expect(judge([start, end, start, end])).toContain(calls);
  expect(judge([start, begin(1), done(1), begin(2), done(2), begin(3), done(3), end])).toEqual([
    "no call makes more attempts than its route allows",
  ]);
  expect(judge([start, end, { type: "call-commit" }])).toEqual(["nothing follows a call-end"]);
  const order = "each fact belongs to a call that has started, in order of time";
  expect(judge([begin(1)])).toEqual([order]);
  expect(
    judge([
      { ...start, atMs: 5 },
      { ...end, atMs: 4 },
    ]),
  ).toEqual([order]);
  expect(judge([start, { type: "bug" }, end])).toEqual(["no bug was reported"]);
  expect(judge([start, end], { inFlight: 1, timers: 0 })).toEqual([
    "at rest nothing is in flight and no timer is left",
  ]);
  expect(judge([start, end], { inFlight: 0, timers: 1 })).toEqual([
    "at rest nothing is in flight and no timer is left",
  ]);
});
