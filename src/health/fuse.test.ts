import { describe, expect, test } from "bun:test";
import { rounds } from "../../test/support/effort.ts";
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

test("a model beside the one that is named is spared, and told so, while the word is fresh", () => {
  const about = word("partial_outage", ["opus"], 1_000);
  const random = () => 0.5;
  const spared = (page: PageWord | undefined, model: string, nowMs: number) =>
    stand(believed(page, model), "a", { nowMs, random }).spared;
  expect([spared(about, "claude-sonnet-5", 0), spared(about, "claude-opus-4-5", 0)]).toEqual([true, false]);
  expect([spared(about, "claude-sonnet-5", 1_000), spared(word("major_outage"), "claude-sonnet-5", 0)]).toEqual([
    false,
    false,
  ]);
  expect([spared(word("operational", ["opus"]), "m", 0), spared(undefined, "m", 0)]).toEqual([false, false]);
});

describe("how much sooner", () => {
  const mean = (page: PageWord | undefined, failing: number) => {
    let sum = 0;
    for (let seed = 0; seed < rounds(400); seed++) sum += played(page, failing, 4_000, seed) ?? 4_000;
    return sum / rounds(400);
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
    expect(probed(one, "well", { nowMs: 31_000, random })).toBeUndefined();
    expect(stand(one, "c", { nowMs: 62_000, random }).probeDue).toBe(true);
    one.cell.probedAtMs = 62_000;
    expect(probed(one, "sick", { nowMs: 63_000, random })).toBeUndefined();
    expect(stand(one, "d", { nowMs: 68_000, random })).toMatchObject({ probeDue: true, admitted: false });
    expect(probed(one, "sick", { nowMs: 69_000, random })).toMatchObject({ from: "healthy", state: "ejected" });
    expect(causeOf(one, 69_000)).toMatchObject({ said: { health: "major_outage" }, ejectAt: 8 });
  });
  test("the milder it says it is, the more seldom; never where calls tell, nor for what it does not say of the API", () => {
    for (const [health, everyMs] of [
      ["degraded", 300_000],
      ["partial_outage", 180_000],
      ["major_outage", 60_000],
    ] as const) {
      const one = believed(word(health));
      one.cell.probedAtMs = 1_000;
      const due = (nowMs: number) => stand(one, "a", { nowMs, random }).probeDue;
      expect([health, due(everyMs), due(1_000 + everyMs)]).toEqual([health, false, true]);
    }
    for (const health of ["operational", "maintenance", "unknown"] as const) {
      expect(stand(believed(word(health)), "a", { nowMs: 1_000, random }).probeDue).toBe(false);
    }
    const busy = believed(word("major_outage"));
    busy.cell.attempted.perS = 5;
    busy.cell.attempted.atMs = 1_000;
    expect(stand(busy, "a", { nowMs: 1_000, random }).probeDue).toBe(false);
  });
});

describe("half of its weight, where the page says that it is down and too few calls come to tell", () => {
  const random = () => 0.5;
  const share = (one: Believed, fromMs: number, everyMs: number) => {
    const calls = 400;
    const admitted = Array.from({ length: calls }, (_, number) => {
      return stand(one, `call ${number}`, { nowMs: fromMs + number * everyMs, random }).admitted;
    });
    return admitted.filter(Boolean).length / calls;
  };
  test("half of the calls, and all of them as soon as it says so no more; each change is told", () => {
    const one = believed(word("major_outage"));
    expect(stand(one, "a", { nowMs: 0, random }).change).toEqual({
      from: "healthy",
      state: "healthy",
      score: 0,
      admission: 0.5,
    });
    expect(stand(one, "b", { nowMs: 10_000, random }).change).toBeUndefined();
    expect(share(one, 20_000, 10_000)).toBeWithin(0.4, 0.6);
    one.pool.page = word("operational");
    expect(stand(one, "c", { nowMs: 5_000_000, random }).change).toMatchObject({ state: "healthy", admission: 1 });
    expect(share(one, 5_010_000, 10_000)).toBe(1);
  });
  test("none while a probe has failed; half again once one succeeds", () => {
    const one = believed(word("major_outage"));
    stand(one, "a", { nowMs: 0, random });
    probed(one, "sick", { nowMs: 1_000, random });
    expect(stand(one, "b", { nowMs: 2_000, random })).toMatchObject({ admitted: false, down: false });
    probed(one, "well", { nowMs: 7_000, random });
    expect(stand(one, "c", { nowMs: 8_000, random }).change).toMatchObject({ state: "healthy", admission: 0.5 });
  });
  test("one failed call is no failed probe", () => {
    const one = believed(word("major_outage"));
    stand(one, "a", { nowMs: 0, random });
    note(one, { failed: true, weight: 1, beganMs: 0, last: true }, { nowMs: 1_000, random });
    expect(stand(one, "b", { nowMs: 2_000, random }).change).toBeUndefined();
    expect(one.cell.pageShare).toBe(0.5);
  });
  test("all of them where calls tell, of a milder word, of another model, of one that is repaired, or of a word that is too old", () => {
    const busy = believed(word("major_outage"));
    share(busy, 0, 100);
    expect(share(busy, 40_000, 100)).toBe(1);
    expect(share(believed(word("partial_outage")), 0, 10_000)).toBe(1);
    expect(share(believed(word("major_outage", ["claude-opus-4-5"])), 0, 10_000)).toBe(1);
    expect(share(believed(word("major_outage", [], 0)), 0, 10_000)).toBe(1);
    expect(share(believed({ ...word("major_outage"), easing: true }), 0, 10_000)).toBe(1);
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
