// When a call that could be given a kept answer is not sent: the route answers nobody, and every target's last word was bad.

import { describe, expect, test } from "bun:test";
import type { BeliefState } from "../core/cell.ts";
import { type FaultKind, fault } from "../core/fault.ts";
import { createCells } from "../state/cells.ts";
import { isHopeless, isTrial, noteLimit, TRIAL_MS } from "./spared.ts";

const NOW_MS = 100_000;
const TARGETS = ["a/m", "b/m"].map((id) => ({ id, identity: id }));

interface World {
  readonly sinceMs: number | undefined;
  readonly beliefs?: readonly BeliefState[];
  readonly faults?: readonly (FaultKind | undefined)[];
  readonly drained?: string;
  readonly laterMs?: number;
}

function hopeless({ sinceMs, beliefs = [], faults = [], drained, laterMs = 0 }: World): boolean {
  const cells = createCells();
  const outage = cells.outage("chat");
  outage.sinceMs = sinceMs;
  for (const [index, { identity }] of TARGETS.entries()) {
    cells.belief(identity).state = beliefs[index] ?? "healthy";
    const kind = faults[index];
    if (kind !== undefined) noteLimit(cells.target(identity), fault(kind, "", { retryAfterMs: 2_000 }), NOW_MS);
  }
  if (drained !== undefined) cells.drains.set(drained, Number.POSITIVE_INFINITY, 0);
  return isHopeless(outage, TARGETS, cells, NOW_MS + laterMs);
}

describe("nobody is to be hoped for", () => {
  test.each<[string, World]>([
    ["all under suspicion", { sinceMs: 1, beliefs: ["suspect", "suspect"] }],
    ["one away, one under suspicion", { sinceMs: 1, beliefs: ["ejected", "suspect"] }],
    ["all over their limits", { sinceMs: 1, faults: ["rate-limited", "quota-exhausted"] }],
    ["one over its limit, one drained", { sinceMs: 1, faults: ["rate-limited"], drained: "b/m" }],
    ["until a trial may have told", { sinceMs: 1, faults: ["rate-limited", "rate-limited"], laterMs: 7_000 }],
  ])("%s", (_, world) => expect(hopeless(world)).toBe(true));
});

describe("somebody may answer", () => {
  test.each<[string, World]>([
    ["nobody was refused since the last answer", { sinceMs: undefined, beliefs: ["suspect", "ejected"] }],
    ["one is well", { sinceMs: 1, beliefs: ["suspect", "healthy"] }],
    ["one is on its way back", { sinceMs: 1, beliefs: ["suspect", "ramp"] }],
    ["what failed was no limit", { sinceMs: 1, faults: ["server-error", "rate-limited"] }],
    ["a limit that is long over", { sinceMs: 1, faults: ["rate-limited", "rate-limited"], laterMs: 9_000 }],
  ])("%s", (_, world) => expect(hopeless(world)).toBe(false));
});

test("one call in a while finds out", () => {
  const outage = createCells().outage("chat");
  const sent = [0, 10, TRIAL_MS - 1, TRIAL_MS, TRIAL_MS + 1].map((atMs) => isTrial(outage, atMs));
  expect(sent).toEqual([true, false, false, true, false]);
});
