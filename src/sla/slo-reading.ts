// What a window of counts says of its objective at a moment. Pure.

import type { SloSettings } from "../core/settings.ts";
import { lengthText, type SloReading } from "../core/slo.ts";
import { burnRate, burnRules, type Counts, isBurning, type Severity } from "./burn.ts";
import { countedSinceMs } from "./slo-month.ts";
import { countsOf, countsSince, type SloWindow } from "./slo-window.ts";

/** `nowMs` since the Unix epoch. */
export function readingOf(slo: SloSettings, window: SloWindow, nowMs: number): SloReading {
  const burning = worst(slo, window, nowMs)?.severity;
  return {
    ...slo,
    ...(slo.calendar && { from: isoOf(countedSinceMs(slo, nowMs)), to: isoOf(nowMs) }),
    ...standing(slo, countsNow(slo, window, nowMs)),
    ...(burning !== undefined && { burning }),
    burn: burnRules(slo.windowMs).map(({ longMs }) => ({
      over: lengthText(longMs),
      overMs: longMs,
      rate: burnRate(countsOf(window, longMs, nowMs), slo.objective),
    })),
  };
}

/** Of the past alone: nothing burns there any more. */
export function readingOfPast(
  slo: SloSettings,
  counts: Counts,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): SloReading {
  return { ...slo, from: isoOf(fromMs), to: isoOf(toMs), ...standing(slo, counts), burn: [] };
}

/** Of the objective's window, as of now. */
export function countsNow(slo: SloSettings, window: SloWindow, nowMs: number): Counts {
  return slo.calendar === undefined
    ? countsOf(window, slo.windowMs, nowMs)
    : countsSince(window, countedSinceMs(slo, nowMs), nowMs);
}

function standing({ objective }: SloSettings, counts: Counts) {
  const good = counts.total - counts.bad;
  return {
    total: counts.total,
    good,
    ...(counts.total > 0 && { achieved: good / counts.total }),
    budgetLeft: budgetLeft(counts, objective),
  };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString().replace(/:00\.000Z$/, "Z");
}

/** The rule that holds, with the rate over its long window; rules come worst first. */
export function worst(
  slo: Pick<SloSettings, "windowMs" | "objective">,
  window: SloWindow,
  nowMs: number,
): { readonly severity: Severity; readonly rate: number } | undefined {
  for (const rule of burnRules(slo.windowMs)) {
    const short = countsOf(window, rule.shortMs, nowMs);
    // Nearly always so, and the long window is long.
    if (short.bad === 0) continue;
    const long = countsOf(window, rule.longMs, nowMs);
    if (isBurning(rule, long, short, slo.objective)) {
      return { severity: rule.severity, rate: burnRate(long, slo.objective) };
    }
  }
  return undefined;
}

/** 1: nothing was spent of it; 0: all of it. */
export function budgetLeft(counts: Counts, objective: number): number {
  return 1 - burnRate(counts, objective);
}
