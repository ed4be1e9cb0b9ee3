// Which minutes a report is about, as flags say it: a month, or from and to. Everything is UTC.

import type { MinuteSpan } from "../observe/ledger/read.ts";

const MINUTE_MS = 60_000;
/** A longer one is a slip. */
const YEARS_MAX = 2;

export interface SpanWish {
  readonly month?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** A sentence for what is wrong. Without any wish: the month until now. */
export function spanOf({ month, from, to }: SpanWish, nowMs: number): MinuteSpan | string {
  if (month !== undefined) {
    if (from !== undefined || to !== undefined) return "--month stands beside --from or --to: give one of the two";
    return monthSpan(month);
  }
  const now = new Date(nowMs);
  const fromMs = from === undefined ? Date.UTC(now.getUTCFullYear(), now.getUTCMonth()) : momentOf(from);
  const toMs = to === undefined ? nowMs + MINUTE_MS : momentOf(to);
  if (Number.isNaN(fromMs)) return `--from ${from} is no date: 2026-11-01 or 2026-11-01T08:30Z, in UTC`;
  if (Number.isNaN(toMs)) return `--to ${to} is no date: 2026-11-01 or 2026-11-01T08:30Z, in UTC`;
  const span = { fromMinute: Math.floor(fromMs / MINUTE_MS), toMinute: Math.floor(toMs / MINUTE_MS) };
  if (span.toMinute <= span.fromMinute) return "--to is not after --from";
  if (span.toMinute - span.fromMinute > YEARS_MAX * 366 * 1_440) return `the span is longer than ${YEARS_MAX} years`;
  return span;
}

/** `2026-11` as the minutes of that calendar month. */
export function monthSpan(month: string): MinuteSpan | string {
  const match = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(month);
  if (match === null) return `--month ${month} is no month: 2026-11`;
  const [year, index] = [Number(match[1]), Number(match[2]) - 1];
  return { fromMinute: Date.UTC(year, index) / MINUTE_MS, toMinute: Date.UTC(year, index + 1) / MINUTE_MS };
}

/** Without a zone it is UTC, wherever this runs. */
function momentOf(text: string): number {
  if (!/^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/.test(text))
    return Number.NaN;
  return Date.parse(text.length > 10 && !/(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? `${text}Z` : text);
}

export function isoOfMinute(minute: number): string {
  return new Date(minute * MINUTE_MS).toISOString().replace(":00.000Z", "Z");
}
