// The rules of belief without a world around them: how soon they see, and that nothing leaves its bounds whatever the clock
// does. How often they are wrong is test/belief-odds.test.ts, how soon they see an outage test/world/belief.test.ts.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createBelief, createSelf } from "../state/belief-cell.ts";
import { type Believed, note, probed, stand } from "./belief.ts";
import { DETECTION, ejectAt, scored } from "./cusum.ts";
import { promptCounts, promptSucceeded, tenantCounts } from "./fairness.ts";
import { mayProbe, PROBE_USD, spendProbe } from "./probe.ts";
import { placeOf } from "./ramp.ts";
import { callAnswered, callBegan, silenceOf } from "./silence.ts";

function believed(): Believed {
  const pool = {
    page: undefined,
    score: 0,
    lastModel: "",
    lastFailedMs: Number.NEGATIVE_INFINITY,
    otherFailedMs: Number.NEGATIVE_INFINITY,
  };
  const self = createSelf();
  return { cell: createBelief(), pool, model: "m", self, domain: "d" };
}

/** xorshift32. */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}

describe("cusum", () => {
  test.each([
    [0.4, 12],
    [0.25, 22],
    [1, 4],
  ])("%d of all calls fail: seen after %d calls in the mean", (share, calls) => {
    const random = draws(7);
    let all = 0;
    for (let run = 0; run < 2_000; run++) {
      for (let score = 0; score < ejectAt(1); all++) score = scored(score, DETECTION, random() < share, 1);
    }
    expect(all / 2_000).toBeLessThanOrEqual(calls);
  });
});

describe("after a way back", () => {
  const healed = (): Believed => {
    const one = believed();
    one.cell.healedMs = 1_000;
    // Ten attempts a second, all along.
    one.cell.attempted.perS = 10;
    one.cell.attempted.atMs = Number.POSITIVE_INFINITY;
    return one;
  };
  const play = (
    one: Believed,
    share: number,
    random: () => number,
    { fromMs, calls }: { fromMs: number; calls: number },
  ) => {
    for (let call = 1; call <= calls; call++) {
      const nowMs = fromMs + call * 100;
      const outcome = { failed: random() < share, weight: 1, beganMs: nowMs, last: true };
      if (note(one, outcome, { nowMs, random })?.state === "ejected") return call;
    }
    return Number.POSITIVE_INFINITY;
  };

  test.each([
    ["what an outage leaves behind (3.4 %) for five minutes", 0.034, 0.01],
    ["2 %", 0.02, 0.005],
  ])("%s hardly ever ejects", (_, share, most) => {
    const random = draws(11);
    let ejected = 0;
    for (let run = 0; run < 1_000; run++) {
      if (Number.isFinite(play(healed(), share, random, { fromMs: 2_000, calls: 3_000 }))) ejected++;
    }
    expect(ejected / 1_000).toBeLessThanOrEqual(most);
  });

  test.each([
    [0.4, 20],
    [0.25, 45],
    [1, 7],
  ])("%d of all calls fail: seen after %d calls in the mean, and after ten minutes as ever", (share, calls) => {
    const random = draws(5);
    const meanOf = (fromMs: number) => {
      let all = 0;
      for (let run = 0; run < 1_000; run++) all += play(healed(), share, random, { fromMs, calls: 10_000 });
      return all / 1_000;
    };
    const [soon, later] = [meanOf(2_000), meanOf(602_000)];
    expect(soon).toBeLessThanOrEqual(calls);
    expect(later).toBeLessThan(soon);
  });
});

describe("states", () => {
  const at = (nowMs: number) => ({ nowMs, random: () => 0.5 });
  const fail = (beganMs: number) => ({ failed: true, weight: 1, beganMs, last: true });

  test("four failures eject, three probes and ten seconds bring back, ten good outcomes heal", () => {
    const one = believed();
    const states = [1, 2, 3, 4].map((second) => note(one, fail(second * 1_000), at(second * 1_000))?.state);
    expect(states).toEqual([undefined, "suspect", undefined, "ejected"]);
    expect(stand(one, "call", at(5_000))).toMatchObject({ admitted: false, strained: true, probeDue: true });
    expect([6, 7, 8].map((second) => probed(one, "well", at(second * 1_000))?.state)).toEqual([
      "probation",
      undefined,
      undefined,
    ]);
    expect(probed(one, "well", at(14_100))?.state).toBe("ramp");
    // Hardly any traffic: a share would tell nothing.
    expect(stand(one, "call", at(14_200)).admitted).toBe(true);
    for (let second = 15; second < 25; second++) {
      note(one, { failed: false, weight: 0.5, beganMs: second * 1_000, last: false }, at(second * 1_000));
      note(one, { failed: false, weight: 0.5, beganMs: second * 1_000, last: true }, at(second * 1_000));
    }
    expect(stand(one, "call", at(25_000)).change).toMatchObject({ from: "ramp", state: "healthy" });
  });

  test("a failed probe takes back what two good ones gave", () => {
    const one = believed();
    for (let second = 1; second <= 4; second++) note(one, fail(second * 1_000), at(second * 1_000));
    probed(one, "well", at(20_000));
    probed(one, "well", at(25_000));
    expect(probed(one, "sick", at(30_000))?.state).toBe("ejected");
  });

  test("a ramp that fails at its floor is over, and asks for more probes next time", () => {
    const one = believed();
    for (let second = 1; second <= 4; second++) note(one, fail(second * 1_000), at(second * 1_000));
    for (const second of [20, 25, 30]) probed(one, "well", at(second * 1_000));
    expect(one.cell.state).toBe("ramp");
    const states = [31, 32, 33, 34].map((second) => note(one, fail(second * 1_000), at(second * 1_000))?.state);
    expect(states).toContain("ejected");
    expect(one.cell.probesWanted).toBe(4);
  });

  test("what began before the ejection says nothing of now", () => {
    const one = believed();
    for (let second = 1; second <= 4; second++) note(one, fail(second * 1_000), at(second * 1_000));
    for (let second = 20; second < 40; second++) {
      note(one, { failed: false, weight: 0.5, beganMs: 3_999, last: true }, at(second * 1_000));
    }
    expect(one.cell.state).toBe("ejected");
  });
});

test("whatever the clock and the outcomes do, every number stays in its bounds", () => {
  const step = fc.record({
    deltaMs: fc.oneof(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 5_000 })),
    what: fc.integer({ min: 0, max: 4 }),
    failed: fc.boolean(),
    weight: fc.double({ min: 0, max: 2, noNaN: true }),
    random: fc.double({ min: 0, max: 0.999999, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const one = believed();
      let nowMs = 1e10;
      for (const { deltaMs, what, failed, weight, random } of steps) {
        nowMs += deltaMs;
        const at = { nowMs, random: () => random };
        if (what === 0) stand(one, `call_${nowMs}`, at);
        else if (what === 1) note(one, { failed, weight, beganMs: nowMs, last: true }, at);
        else if (what === 2) probed(one, failed ? "sick" : "well", at);
        else if (what === 3) callBegan(one.cell, 0, nowMs);
        else callAnswered(one.cell, { shape: 0, slot: Math.floor(nowMs / 250), content: !failed, learn: true }, nowMs);
        const { score, silence, admission, probesWanted } = one.cell;
        for (const value of [score, silence]) expect(value >= 0 && value <= 60).toBe(true);
        expect(admission >= 0 && admission <= 1).toBe(true);
        expect(probesWanted >= 3 && probesWanted <= 6).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

test("silence: ten calls a second that hang are seen within seconds, as many that answer never", () => {
  const { cell } = believed();
  let nowMs = 0;
  for (; nowMs < 60_000; nowMs += 100) {
    const slot = callBegan(cell, 0, nowMs);
    callAnswered(cell, { shape: 0, slot, content: true, learn: true }, nowMs + 800);
    expect(silenceOf(cell, 10, nowMs)).toBe(0);
  }
  const sinceMs = nowMs;
  while (silenceOf(cell, 10, nowMs) < 8 && nowMs < sinceMs + 60_000) {
    callBegan(cell, 0, nowMs);
    nowMs += 100;
  }
  expect(nowMs - sinceMs).toBeLessThanOrEqual(3_000);
});

describe("whose outcomes count", () => {
  test("of three tenants one is heard twice in ten seconds; alone it is always heard", () => {
    const { cell } = believed();
    const alone = [1, 2, 3, 4].map(() => tenantCounts(cell, "a", true, 1_000));
    expect(alone).toEqual([true, true, true, true]);
    tenantCounts(cell, "b", false, 2_000);
    tenantCounts(cell, "c", false, 2_000);
    expect(tenantCounts(cell, "a", true, 3_000)).toBe(false);
    expect(tenantCounts(cell, "a", false, 3_000)).toBe(false);
    expect([tenantCounts(cell, "b", true, 3_000), tenantCounts(cell, "a", true, 12_000)]).toEqual([true, true]);
  });

  test("a prompt that fails among others that succeed is heard once; where nothing succeeds, each time", () => {
    const { cell } = believed();
    expect([promptCounts(cell, "x"), promptCounts(cell, "x")]).toEqual([true, true]);
    promptSucceeded(cell, () => "y");
    expect(promptCounts(cell, "x")).toBe(false);
    promptSucceeded(cell, () => "x");
    expect(promptCounts(cell, "x")).toBe(true);
  });
});

test("probes cost what their budget allows, anew each day", () => {
  const cell = { dayStartMs: 0, spentUsd: 0 };
  let sent = 0;
  while (mayProbe(cell, 0.01, 1_000) && sent < 1_000) {
    spendProbe(cell);
    sent++;
  }
  expect(sent).toBe(Math.floor(0.01 / PROBE_USD));
  expect(mayProbe(cell, 0.01, 86_400_001)).toBe(true);
  expect(mayProbe(cell, 0, 86_400_001)).toBe(false);
});

test("a share of the calls is that share of their ids", () => {
  let within = 0;
  for (let id = 0; id < 20_000; id++) if (placeOf(`call_${id}`) < 0.05) within++;
  expect(within / 20_000).toBeGreaterThan(0.045);
  expect(within / 20_000).toBeLessThan(0.055);
});
