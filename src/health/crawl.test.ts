// Streams under way, as numbers: how soon crawling is seen, how rarely where there is none, and that nothing leaves its bounds.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { BeliefCell } from "../core/cell.ts";
import type { FlowPlace } from "../core/pace-cell.ts";
import type { StreamUnderWay } from "../core/reply.ts";
import { createBelief } from "../state/belief-cell.ts";
import { beginAnew, lookAtStreams, streamBegan, streamEnded } from "./crawl.ts";

/** Events a second from `fromMs` on, as a function of its age in milliseconds. */
function stream(fromMs: number, perS: number | ((ageMs: number) => number)): StreamUnderWay & { nowMs: number } {
  const rate = typeof perS === "number" ? () => perS : perS;
  return {
    nowMs: fromMs,
    get written() {
      let sum = 0;
      for (let ageMs = 0; ageMs < this.nowMs - fromMs; ageMs += 100) sum += rate(ageMs) / 10;
      return Math.floor(sum);
    },
    writingMs(nowMs) {
      this.nowMs = nowMs;
      return nowMs - fromMs;
    },
  };
}

/** A hundred streams of five seconds at about 60 events a second. */
function used(): BeliefCell {
  const cell = createBelief();
  for (let call = 0; call < 100; call++) {
    const one = stream(0, 50 + (call % 20));
    const place = streamBegan(cell, one, 0);
    if (place !== undefined) streamEnded(cell, { place, stream: one, whole: true }, 5_000);
  }
  return cell;
}

/** `count` streams that begin a second apart; when the target has become slow after the first, in milliseconds. */
function slowAfterMs(cell: BeliefCell, count: number, perS: Parameters<typeof stream>[1], untilMs = 120_000): number {
  const beganMs = 1e6;
  for (let nowMs = beganMs; nowMs < beganMs + untilMs; nowMs += 250) {
    const number = (nowMs - beganMs) / 1_000;
    if (Number.isInteger(number) && number < count) streamBegan(cell, stream(nowMs, perS), nowMs);
    if (lookAtStreams(cell, nowMs)) return nowMs - beganMs;
  }
  return Number.POSITIVE_INFINITY;
}

describe("streams that never end", () => {
  test.each<[string, number, Parameters<typeof stream>[1], number]>([
    ["two that drip", 2, 0.5, 11_000],
    ["twenty that drip", 20, 0.5, 11_000],
    ["two below a fifth", 2, 8, 11_000],
    ["two that were well for half a minute", 2, (ageMs) => (ageMs < 30_000 ? 60 : 0.5), 41_500],
    ["one alone: it may be that one's own", 1, 0.5, Number.POSITIVE_INFINITY],
    ["a third as fast as ever is not crawling", 20, 20, Number.POSITIVE_INFINITY],
    ["as fast as ever", 20, 60, Number.POSITIVE_INFINITY],
    ["no event at all is silence, not crawling", 20, 0, Number.POSITIVE_INFINITY],
  ])("%s", (_, count, perS, afterMs) => {
    const found = slowAfterMs(used(), count, perS);
    if (afterMs === Number.POSITIVE_INFINITY) expect(found).toBe(afterMs);
    else expect(Math.abs(found - afterMs)).toBeLessThanOrEqual(1_000);
  });

  test("of a target that was hardly used nothing is known", () => {
    expect(slowAfterMs(createBelief(), 20, 0.5)).toBe(Number.POSITIVE_INFINITY);
  });

  test("after a time that is not to be trusted the windows begin anew", () => {
    const cell = used();
    const [one, two] = [stream(0, 60), stream(0, 60)];
    for (const each of [one, two]) streamBegan(cell, each, 0);
    for (const { stream: each } of cell.flow.places) each?.writingMs(100);
    beginAnew(cell, 50_000);
    expect([lookAtStreams(cell, 50_000), cell.crawling]).toEqual([false, 0]);
  });
});

test("four in ten that drip are seen among hundreds that end, one in a hundred is not, and who is well is called so", () => {
  const play = (cell: BeliefCell, share: number, fromMs: number, seconds: number): void => {
    const open: { readonly endMs: number; readonly stream: StreamUnderWay; readonly place: FlowPlace | undefined }[] =
      [];
    let state = 7;
    for (let nowMs = fromMs; nowMs < fromMs + seconds * 1_000; nowMs += 50) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      const crawls = state / 0x1_0000_0000 < share;
      const one = stream(nowMs, crawls ? 0.5 : 60);
      open.push({ endMs: crawls ? Infinity : nowMs + 2_000, stream: one, place: streamBegan(cell, one, nowMs) });
      while ((open[0]?.endMs ?? Infinity) === Infinity && open.length > 0) open.shift();
      for (let at = 0; at < open.length && (open[at]?.endMs ?? 0) <= nowMs; at++) {
        const { stream: ended, place } = open[at] as (typeof open)[number]; // below its length
        if (place !== undefined) streamEnded(cell, { place, stream: ended, whole: true }, nowMs);
        open.splice(at--, 1);
      }
      lookAtStreams(cell, nowMs);
    }
  };
  const many = used();
  play(many, 0.4, 1e6, 30);
  expect(many.slow).toBe(true);
  play(many, 0, 2e6, 30);
  expect(many.slow).toBe(false);
  const few = used();
  play(few, 0.01, 1e6, 300);
  expect(few.slow).toBe(false);
});

test("whatever streams and the clock do, a few are held and every number stays in its bounds", () => {
  const number = fc.oneof(fc.double(), fc.integer({ min: -1e9, max: 1e9 }), fc.constantFrom(0, Number.NaN, Infinity));
  const step = fc.record({ what: fc.integer({ min: 0, max: 3 }), written: number, writingMs: number, nowMs: number });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const cell = used();
      const open: { readonly place: FlowPlace; readonly stream: StreamUnderWay }[] = [];
      for (const { what, written, writingMs, nowMs } of steps) {
        const one = { written, writingMs: () => writingMs };
        const place = what < 2 ? streamBegan(cell, one, nowMs) : undefined;
        if (place !== undefined) open.push({ place, stream: one });
        else if (what === 2) lookAtStreams(cell, nowMs);
        else for (const ended of open.splice(0)) streamEnded(cell, { ...ended, whole: true }, nowMs);
        expect(cell.flow.places.length).toBeLessThanOrEqual(8);
        expect(cell.crawling >= 0 && cell.crawling <= 10).toBe(true);
        expect(Object.values(cell.flow.pace).every(Number.isFinite)).toBe(true);
        expect(cell.flow.pace.variance).toBeGreaterThanOrEqual(0);
      }
    }),
    { numRuns: 200 },
  );
});
