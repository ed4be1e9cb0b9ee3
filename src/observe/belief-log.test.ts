import { expect, test } from "bun:test";
import type { BeliefCause } from "../core/belief-cause.ts";
import type { BeliefState } from "../core/cell.ts";
import { createBeliefLog } from "./belief-log.ts";

const CAUSE: BeliefCause = { outcomes: 6.2, silence: 0, siblings: 0.4, page: 1.9, ejectAt: 8, probes: 0 };
const INCIDENT = { id: "jbhf20wjmzrf", title: "Elevated error rate across multiple models" };

function logged() {
  let nowMs = Date.parse("2026-06-23T14:09:00Z");
  const log = createBeliefLog(() => nowMs);
  const change = (minutes: number, from: BeliefState, state: BeliefState, cause = CAUSE): void => {
    nowMs += minutes * 60_000;
    log.read({
      type: "belief",
      atMs: 0,
      call: "c",
      target: "a/m",
      domain: "a",
      from,
      state,
      score: 1,
      admission: 0,
      cause,
    });
  };
  return { log, change };
}

test("why it was left, with what its page said then", () => {
  const { log, change } = logged();
  change(0, "healthy", "suspect", { ...CAUSE, page: 0, said: { health: "operational" } });
  change(1, "suspect", "ejected");
  change(20, "ramp", "ejected", { ...CAUSE, said: { health: "major_outage", incident: INCIDENT } });
  const [again, left, suspect] = log.of("a/m").map(({ why }) => why);
  expect(suspect).toBe(
    "failed calls weigh 6.2, failures of other models there weigh 0.4, half of the 8 at which it is left; its status page said that all was well",
  );
  expect(left).toContain("left: failed calls weigh 6.2");
  expect(left).toContain(
    "its status page beside them weigh 1.9, and 8 is enough; what its status page said is not known",
  );
  expect(again).toBe(`calls that went there again failed; its status page said major outage (${INCIDENT.title})`);
});

test("what held at a moment", () => {
  const { log, change } = logged();
  change(1, "suspect", "ejected");
  change(30, "ejected", "probation");
  change(5, "ramp", "healthy");
  const at = (time: string) => log.at("a/m", Date.parse(`2026-06-23T${time}:00Z`));
  expect(at("14:09")).toBeUndefined();
  expect(at("14:12")).toMatchObject({ held: { state: "ejected" }, left: { at: "2026-06-23T14:10:00.000Z" } });
  expect(at("14:41")).toMatchObject({ held: { state: "probation" }, left: { state: "ejected" } });
  expect(at("15:00")).toMatchObject({ held: { state: "healthy" } });
  expect(at("15:00")?.left).toBeUndefined();
  expect(log.at("b/m", 0)).toBeUndefined();
});

test("bounded", () => {
  const { log, change } = logged();
  for (let time = 0; time < 200; time++) change(1, "suspect", "ejected");
  expect(log.of("a/m").length).toBe(50);
});

test("a page's word that takes half of the few calls is a change with its reason, and so is its end", () => {
  const log = createBeliefLog(() => Date.parse("2026-06-23T14:20:00Z"));
  const said = { health: "major_outage", incident: INCIDENT } as const;
  const cause = { ...CAUSE, outcomes: 0, siblings: 0, page: 0, said };
  const fact = { type: "belief", atMs: 0, call: "c", target: "a/m", domain: "a", score: 0, cause } as const;
  for (const admission of [0.5, 0, 1]) log.read({ ...fact, from: "healthy", state: "healthy", admission });
  expect(log.of("a/m").map(({ why }) => why)).toEqual([
    "its calls are enough to tell, or its status page says it is down no more: all of them go there",
    "too few calls come to tell; a probe failed, too: none goes there first; its status page said major outage (Elevated error rate across multiple models)",
    "too few calls come to tell; half of them go there first, and it is probed; its status page said major outage (Elevated error rate across multiple models)",
  ]);
});
