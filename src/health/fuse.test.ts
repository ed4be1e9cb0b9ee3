import { describe, expect, test } from "bun:test";
import type { PageWord, PoolCell } from "../core/cell.ts";
import type { PageHealth } from "../core/status-page.ts";
import { randomStream } from "../sim/random.ts";
import { createBelief, createSelf } from "../state/belief-cell.ts";
import { type Believed, causeOf, note, probed, stand } from "./belief.ts";
import { pageEvidence } from "./fuse.ts";

const HEALTHS: readonly PageHealth[] = [
  "operational",
  "maintenance",
  "unknown",
  "degraded",
  "partial_outage",
  "major_outage",
];

function word(health: PageHealth, models: readonly string[] = [], untilMs = Number.POSITIVE_INFINITY): PageWord {
  return { health, models, untilMs };
}

function believed(page: PageWord | undefined, model = "claude-sonnet-5"): Believed {
  const never = Number.NEGATIVE_INFINITY;
  const pool: PoolCell = { page, score: 0, lastModel: "", lastFailedMs: never, otherFailedMs: never };
  return { cell: createBelief(), pool, model, self: createSelf(), domain: "d" };
}

/** Calls at ten a second, each with this chance to fail: after how many it was ejected. */
function played(page: PageWord | undefined, failing: number, calls: number, seed: number) {
  const random = randomStream(seed, "calls");
  const one = believed(page);
  for (let call = 1; call <= calls; call++) {
    const nowMs = call * 100;
    stand(one, `c${call}`, { nowMs, random });
    const failed = random() < failing;
    const change = note(one, { failed, weight: 1, beganMs: nowMs, last: true }, { nowMs, random });
    if (change?.state === "ejected") return call;
  }
  return undefined;
}

test("a page alone adds nothing, whatever it says", () => {
  for (const health of HEALTHS) {
    for (const own of [0, 1, 2.5]) expect(pageEvidence(word(health), "m", { own, limit: 8 }, 0)).toBe(0);
    expect(played(word(health), 0, 20_000, 1)).toBeUndefined();
  }
});

test("what it may add: bounded by how bad it says it is, and by what was seen", () => {
  const most = HEALTHS.map((health) => pageEvidence(word(health), "m", { own: 100, limit: 8 }, 0));
  expect(most).toEqual([0, 0, 0, 1, 2, 4]);
  expect(pageEvidence(word("major_outage"), "m", { own: 3, limit: 8 }, 0)).toBeCloseTo(0.47);
  expect(pageEvidence(undefined, "m", { own: 100, limit: 8 }, 0)).toBe(0);
});

test("only the model that is named, and only while the word is fresh", () => {
  const about = word("major_outage", ["claude-opus-4-5", "haiku"], 1_000);
  const added = (model: string, nowMs: number) => pageEvidence(about, model, { own: 9, limit: 8 }, nowMs);
  expect([added("claude-opus-4-5", 0), added("claude-haiku-9", 0)]).toEqual([4, 4]);
  expect([added("claude-sonnet-5", 0), added("claude-opus-4-5", 1_000)]).toEqual([0, 0]);
});

describe("how much sooner", () => {
  const mean = (page: PageWord | undefined, failing: number) => {
    let sum = 0;
    for (let seed = 0; seed < 400; seed++) sum += played(page, failing, 4_000, seed) ?? 4_000;
    return sum / 400;
  };
  test("at 40 % failures it is left after fewer calls", () => {
    const [without, partial, major] = [undefined, word("partial_outage"), word("major_outage")].map((page) =>
      mean(page, 0.4),
    );
    if (without === undefined || partial === undefined || major === undefined) throw new Error("not played");
    expect(partial).toBeLessThan(without);
    expect(major).toBeLessThan(0.8 * without);
  });
});

describe("said to be down, with too few calls to tell", () => {
  const random = () => 0.5;
  test("it is probed once a minute, soon again when that failed, and two failures end it", () => {
    const one = believed(word("major_outage"));
    expect(stand(one, "a", { nowMs: 1_000, random }).probeDue).toBe(true);
    one.cell.probedAtMs = 1_000;
    expect(stand(one, "b", { nowMs: 31_000, random }).probeDue).toBe(false);
    expect(probed(one, true, { nowMs: 31_000, random })).toBeUndefined();
    expect(stand(one, "c", { nowMs: 62_000, random })).toMatchObject({ probeDue: true, admitted: true });
    one.cell.probedAtMs = 62_000;
    expect(probed(one, false, { nowMs: 63_000, random })).toBeUndefined();
    expect(stand(one, "d", { nowMs: 68_000, random })).toMatchObject({ probeDue: true, admitted: true });
    expect(probed(one, false, { nowMs: 69_000, random })).toMatchObject({ from: "healthy", state: "ejected" });
    expect(causeOf(one, 69_000)).toMatchObject({ said: { health: "major_outage" }, ejectAt: 8 });
  });
  test("never for less than a major outage, nor where calls tell", () => {
    expect(stand(believed(word("partial_outage")), "a", { nowMs: 1_000, random }).probeDue).toBe(false);
    const busy = believed(word("major_outage"));
    busy.cell.attempted.perS = 5;
    busy.cell.attempted.atMs = 1_000;
    expect(stand(busy, "a", { nowMs: 1_000, random }).probeDue).toBe(false);
  });
});

test("the way back does not ask the page", () => {
  const random = () => 0.5;
  const one = believed(word("major_outage"));
  one.cell.state = "ramp";
  one.cell.admission = 1;
  one.cell.score = 5;
  expect(stand(one, "a", { nowMs: 1_000, random }).change).toBeUndefined();
  one.cell.state = "healthy";
  expect(stand(one, "a", { nowMs: 1_000, random }).change).toMatchObject({ state: "suspect" });
});
