// Many tick by one timer, each a tick after it was added, in that order; with the last of them the timer goes.

import { expect, test } from "bun:test";
import { handRuntime } from "../../test/support/hand-runtime.ts";
import { fault } from "../core/fault.ts";
import { NEVER, type Ticking, Ticks } from "./ticks.ts";

const TICK_MS = 5_000;

function harness() {
  const { clock, advance } = handRuntime(() => fault("bug", "nothing is sent here"));
  const ticks = new Ticks(clock, TICK_MS);
  const heard: string[] = [];
  const ticking = (name: string, then: (self: Ticking) => void = () => {}): Ticking => {
    const self: Ticking = {
      tickAtMs: NEVER,
      before: undefined,
      behind: undefined,
      tick() {
        heard.push(`${name} ${clock.now()}`);
        then(self);
      },
    };
    return self;
  };
  return { clock, advance, ticks, heard, ticking };
}

test("each ticks at its own time, again when it is added again, by one timer", async () => {
  const { clock, advance, ticks, heard, ticking } = harness();
  ticks.add(ticking("a", (self) => ticks.add(self)));
  await advance(1_000);
  ticks.add(ticking("b"));
  ticks.add(ticking("c"));
  expect(clock.timers).toBe(1);
  await advance(9_000);
  expect(heard).toEqual(["a 5000", "b 6000", "c 6000", "a 10000"]);
  expect(clock.timers).toBe(1);
});

test.each([
  ["the first", 0, ["b 5000", "c 5000"]],
  ["one between", 1, ["a 5000", "c 5000"]],
  ["the last", 2, ["a 5000", "b 5000"]],
] as const)("%s may be taken out, twice", async (_, at, expected) => {
  const { clock, advance, ticks, heard, ticking } = harness();
  const all = ["a", "b", "c"].map((name) => ticking(name));
  for (const one of all) ticks.add(one);
  const out = all[at] ?? ticking("nobody");
  ticks.remove(out);
  ticks.remove(out);
  await advance(TICK_MS);
  expect(heard).toEqual([...expected]);
  expect(clock.timers).toBe(0);
});

test("without anybody there is no timer; one that throws or leaves holds nobody up", async () => {
  const { clock, advance, ticks, heard, ticking } = harness();
  const gone = ticking("gone");
  ticks.add(
    ticking("bad", () => {
      ticks.remove(gone);
      throw new Error("a bug");
    }),
  );
  ticks.add(gone);
  ticks.add(ticking("good"));
  await advance(TICK_MS);
  expect(heard).toEqual(["bad 5000", "good 5000"]);
  expect(clock.timers).toBe(0);
  const alone = ticking("alone");
  ticks.add(alone);
  ticks.remove(alone);
  expect(clock.timers).toBe(0);
});
