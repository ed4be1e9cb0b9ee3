// What an objective counts over: a rolling window, or the calendar month of a time zone. Pure.

import type { SloSettings } from "../core/settings.ts";
import type { SloSpan } from "../core/slo.ts";
import { dayOf, monthRange } from "./month.ts";
import { SLOTS } from "./slo-window.ts";

const MINUTE_MS = 60_000;
/** The border of a month is a quarter of an hour's in every time zone; twelve of these slots are one, and all of them hold any month. */
const CALENDAR_SLOT_MS = 75_000;

/** Counts are kept for this long. */
export function keptMs({ calendar, windowMs }: Pick<SloSettings, "calendar" | "windowMs">): number {
  return calendar === undefined ? windowMs : SLOTS * CALENDAR_SLOT_MS;
}

/** Since when an objective counts, in milliseconds since the Unix epoch. */
export function countedSinceMs({ calendar, windowMs }: SloSettings, nowMs: number): number {
  if (calendar === undefined) return nowMs - windowMs;
  const month = dayOf(Math.floor(nowMs / MINUTE_MS), calendar.timeZone).slice(0, 7);
  return (monthRange(month, calendar.timeZone)?.fromMinute ?? 0) * MINUTE_MS;
}

/** `undefined`: that is no month. */
export function spanOfSlo(
  { calendar }: Pick<SloSettings, "calendar">,
  span: SloSpan,
): { readonly fromMs: number; readonly toMs: number } | undefined {
  if (!("month" in span)) return span;
  const range = monthRange(span.month, calendar?.timeZone ?? "UTC");
  return range && { fromMs: range.fromMinute * MINUTE_MS, toMs: range.toMinute * MINUTE_MS };
}
