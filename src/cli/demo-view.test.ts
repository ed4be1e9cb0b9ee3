// What the demo shows, from scripted facts.

import { expect, test } from "bun:test";
import { callFacts, type ScriptedCall } from "../../test/support/scripted-call.ts";
import { paint } from "../observe/call-line.ts";
import { createCallFollower } from "../observe/follow-calls.ts";
import { TRAFFIC_ROUTE } from "./demo-traffic.ts";
import { createDemoView } from "./demo-view.ts";

function show(scripts: readonly Omit<ScriptedCall, "id">[]): string[] {
  const lines: string[] = [];
  const view = createDemoView({ sick: "sick", tint: paint(false), tell: (line) => void lines.push(line) });
  const follower = createCallFollower(() => 0, [view]);
  for (const [index, script] of scripts.entries()) {
    callFacts({ route: TRAFFIC_ROUTE, ...script, id: `c${index}` }).forEach(follower.read);
  }
  return lines.map((line) => line.replace(/^\d\d:\d\d:\d\d {2}/, ""));
}

const well = (atMs: number) => ({ atMs, attempts: [["sick/m"]] }) as const;
const saved = (atMs: number) => ({ atMs, attempts: [["sick/m", "overloaded"], ["spare/m"]] }) as const;
const lost = (atMs: number) =>
  ({ atMs, attempts: [["sick/m", "overloaded"]], ending: "refused", fault: "overloaded" }) as const;

test("an outage is told at its begin, every ten calls, and at its end", () => {
  const during = Array.from({ length: 11 }, (_, index) => saved(1_000 + index * 500));
  expect(show([well(0), well(500), ...during, well(21_000), well(21_500)])).toEqual([
    "all is well  sick answers the demo's own two calls a second",
    "outage begins  sick: overloaded; calls go on through spare",
    "meanwhile  10 calls, 10 answered by spare, 0 failed",
    "outage over  after 20 s: 11 calls, 11 answered by spare, 0 failed; its calls come back step by step",
  ]);
});

test("while its calls come back step by step, those that go elsewhere are no news; then all is well again", () => {
  const past = (atMs: number) => ({ atMs, attempts: [["spare/m"]] }) as const;
  const back = Array.from({ length: 20 }, (_, index) => well(4_000 + index * 500));
  expect(show([well(0), saved(500), well(1_000), past(1_500), well(2_000), past(2_500), ...back])).toEqual([
    "all is well  sick answers the demo's own two calls a second",
    "outage begins  sick: overloaded; calls go on through spare",
    "outage over  after 500 ms: 1 calls, 1 answered by spare, 0 failed; its calls come back step by step",
    "all is well  sick has all of its calls again",
  ]);
});

test("failed calls are not hidden, and a user's own call is shown", () => {
  expect(show([lost(0), saved(500), { ...saved(600), route: "claude-*" }, well(1_000)])).toEqual([
    "outage begins  sick: overloaded; a call failed",
    "saved      claude-*  sick/m overloaded → spare/m  200 ms, first 140 ms  c2  ← your call",
    "outage over  after 1.0 s: 2 calls, 1 answered by spare, 1 failed; its calls come back step by step",
  ]);
});

test("calls that the demo itself gave up are no news", () => {
  expect(show([{ attempts: [["sick/m", "cancelled"]], ending: "cancelled", fault: "cancelled" }])).toEqual([]);
});
