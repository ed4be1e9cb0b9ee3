// Random months of evidence, and a brute force that judges them minute by minute: what the evaluators are held against.

import type { FailureClass, MinuteCount } from "../../src/core/sla.ts";
import { evaluate } from "../../src/sla/evaluate.ts";
import { type MinuteRange, monthRange } from "../../src/sla/month.ts";
import type { Guarantee, Rule } from "../../src/sla/promise.ts";

export const RULES: readonly Rule[] = [
  { kind: "interval-mean", intervalMinutes: 5 },
  { kind: "downtime-periods", errorShare: 0.05, leastMinutes: 5 },
  { kind: "minute-sum", errorShare: 0.5, leastMinutes: 5 },
  { kind: "request-ratio" },
];

const BANDS = [
  { below: 0.999, share: 0.1 },
  { below: 0.99, share: 0.25 },
  { below: 0.95, share: 1 },
];

export function guarantee(rule: Rule, more: Partial<Guarantee> = {}): Guarantee {
  return {
    name: "test",
    promised: 0.999,
    rule,
    errors: ["error500", "error5xx"],
    leftOut: ["limited429"],
    bands: BANDS,
    of: "charges",
    claim: { days: 30, from: "incident" },
    notes: [],
    ...more,
  };
}

export function minuteAt(minute: number, valid: number, by: Partial<Record<FailureClass, number>> = {}): MinuteCount {
  const failed = Object.values(by).reduce((sum, count) => sum + count, 0);
  return { minute, valid, failed, by };
}

/** Mulberry32: one seed, one run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below;
  };
}

/**
 * Stretches of traffic with gaps, some of them bad, some across the month's borders, some asked by Holdfast alone. Stretches
 * overlap, as after a clock that jumped back; in no order.
 */
function randomMonth(range: MinuteRange, below: (limit: number) => number): MinuteCount[] {
  const seen = new Map<number, MinuteCount>();
  for (let stretch = 0; stretch < 1 + below(6); stretch += 1) {
    const start = Math.floor(range.fromMinute - 30 + below(range.toMinute - range.fromMinute + 60));
    const sickness = below(1) < 0.5 ? 0 : below(1);
    const isOwn = below(1) < 0.3;
    for (let offset = 0; offset < below(90); offset += 1) {
      if (below(1) < 0.1) continue;
      const valid = 1 + Math.floor(below(20));
      const error500 = Math.min(valid, Math.floor(valid * below(1) * sickness * 1.2));
      const limited429 = Math.floor(below(valid - error500 + 1));
      const there = seen.get(start + offset) ?? minuteAt(start + offset, 0);
      seen.set(
        start + offset,
        isOwn ? withOwn(there, { error500, limited429 }, valid) : more(there, { error500, limited429 }, valid),
      );
    }
  }
  return [...seen.values()].sort(() => below(2) - 1);
}

type By = Readonly<Record<"error500" | "limited429", number>>;

function added({ error500 = 0, limited429 = 0 }: MinuteCount["by"], by: By): By {
  return { error500: error500 + by.error500, limited429: limited429 + by.limited429 };
}

function more(there: MinuteCount, by: By, valid: number): MinuteCount {
  const failed = there.failed + by.error500 + by.limited429;
  return { ...there, valid: there.valid + valid, failed, by: added(there.by, by) };
}

function withOwn(there: MinuteCount, by: By, valid: number): MinuteCount {
  const { own } = there;
  const counts = { probes: 0, probesFailed: 0, canaries: valid, canariesFailed: by.error500 + by.limited429 };
  return { ...there, own: { ...counts, valid: (own?.valid ?? 0) + valid, by: added(own?.by ?? {}, by) } };
}

interface Dense {
  readonly length: number;
  readonly valid: Float64Array;
  readonly errors: Float64Array;
  /** Of `valid`: asked for clients. */
  readonly clients: Float64Array;
}

function dense(minutes: readonly MinuteCount[], { fromMinute, toMinute }: MinuteRange): Dense {
  const length = toMinute - fromMinute;
  const valid = new Float64Array(length);
  const errors = new Float64Array(length);
  const clients = new Float64Array(length);
  for (const { minute, valid: asked, by, own } of minutes) {
    if (minute < fromMinute || minute >= toMinute) continue;
    const at = minute - fromMinute;
    clients[at] = asked - (by.limited429 ?? 0);
    valid[at] = of(clients, at) + (own?.valid ?? 0) - (own?.by.limited429 ?? 0);
    errors[at] = (by.error500 ?? 0) + (own?.by.error500 ?? 0);
  }
  return { length, valid, errors, clients };
}

const of = (array: Float64Array, at: number): number => array[at] ?? 0;

interface Wanted {
  readonly withEvidence: number;
  readonly ofOwn: number;
  readonly seen?: number;
  readonly contracted?: number;
}

/** The same question asked of each minute of the month by itself, as slowly and plainly as can be. */
function oracle(rule: Rule, { length, valid, errors, clients }: Dense): Wanted {
  let [withEvidence, ofOwn] = [0, 0];
  for (let at = 0; at < length; at += 1) {
    if (of(valid, at) > 0) withEvidence += 1;
    if (of(valid, at) > 0 && of(clients, at) <= 0) ofOwn += 1;
  }
  const counts = { withEvidence, ofOwn };
  if (withEvidence === 0) return counts;
  if (rule.kind === "request-ratio") {
    let [asked, failed] = [0, 0];
    for (let at = 0; at < length; at += 1) [asked, failed] = [asked + of(valid, at), failed + of(errors, at)];
    return { ...counts, seen: 1 - failed / asked, contracted: 1 - failed / asked };
  }
  if (rule.kind === "interval-mean") {
    let [shares, asked, all] = [0, 0, 0];
    for (let at = 0; at < length; at += rule.intervalMinutes) {
      let [requests, failed] = [0, 0];
      for (let inside = at; inside < Math.min(length, at + rule.intervalMinutes); inside += 1) {
        requests += of(valid, inside);
        failed += of(errors, inside);
      }
      all += 1;
      if (requests === 0) continue;
      asked += 1;
      shares += failed / requests;
    }
    return { ...counts, seen: 1 - shares / asked, contracted: 1 - shares / all };
  }
  const bad = (at: number): boolean => of(valid, at) > 0 && of(errors, at) / of(valid, at) > rule.errorShare;
  const gapMax = rule.kind === "minute-sum" ? rule.leastMinutes : 0;
  /** The next bad minute of the same run, looking one way. */
  const next = (at: number, step: 1 | -1): number | undefined => {
    for (let gap = 0; gap <= gapMax; gap += 1) {
      const to = at + step * (gap + 1);
      if (to < 0 || to >= length) return undefined;
      if (bad(to)) return to;
      if (of(valid, to) > 0) return undefined;
    }
    return undefined;
  };
  let down = 0;
  for (let at = 0; at < length; at += 1) {
    if (!bad(at)) continue;
    let [first, last] = [at, at];
    for (let back = next(at, -1); back !== undefined; back = next(back, -1)) first = back;
    for (let on = next(at, 1); on !== undefined; on = next(on, 1)) last = on;
    if (last - first + 1 >= rule.leastMinutes) down += 1;
  }
  return { ...counts, seen: 1 - down / withEvidence, contracted: 1 - down / length };
}

export const ZONES = [
  "UTC",
  "America/Los_Angeles",
  "Europe/Berlin",
  "Australia/Lord_Howe",
  "Africa/Casablanca",
  "Asia/Kathmandu",
  // Without the 30th of December 2011.
  "Pacific/Apia",
];

/** Throws where an evaluator and the brute force differ. One month, each rule. */
export function judgeRandomMonth(seed: number): void {
  const below = randomFrom(seed);
  const month = `${2011 + Math.floor(below(20))}-${String(1 + Math.floor(below(12))).padStart(2, "0")}`;
  const timeZone = ZONES[seed % ZONES.length] ?? "UTC";
  const range = monthRange(month, timeZone);
  if (range === undefined) throw new Error(month);
  const minutes = randomMonth(range, below);
  // Some months are not over.
  const length = range.toMinute - range.fromMinute;
  const untilMinute = below(1) < 0.2 ? range.fromMinute + 1 + Math.floor(below(length - 1)) : range.toMinute;
  const past = { fromMinute: range.fromMinute, toMinute: untilMinute };
  const plain = dense(minutes, past);
  for (const rule of RULES) {
    const found = evaluate(guarantee(rule), { minutes, month: range, untilMinute, timeZone });
    const wanted = oracle(rule, plain);
    const same =
      found.minutesWithoutEvidence === plain.length - wanted.withEvidence &&
      found.minutesOfOwnAlone === wanted.ofOwn &&
      near(found.availability, wanted.seen) &&
      near(found.contracted, wanted.contracted);
    if (!same) throw new Error(`seed ${seed}: ${JSON.stringify({ rule, found, wanted })}`);
  }
}

function near(one: number | undefined, other: number | undefined): boolean {
  return one === undefined || other === undefined ? one === other : Math.abs(one - other) < 1e-12;
}
