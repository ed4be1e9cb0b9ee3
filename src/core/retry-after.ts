// How long a provider asks us to stay away, from its headers. A pure parser; what to do about it is a policy's matter.

import { RETRY_AFTER_MAX_MS } from "./fault.ts";
import type { HeaderMap } from "./runtime.ts";

const NUMBER = /^\d+(\.\d+)?$/;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/** RFC 9110 §5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`. */
const IMF_FIXDATE = /^[a-z]{3}, (\d{2}) ([a-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) gmt$/i;
/** `Sunday, 06-Nov-94 08:49:37 GMT`. */
const RFC_850 = /^[a-z]{6,9}, (\d{2})-([a-z]{3})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) gmt$/i;
/** `Sun Nov  6 08:49:37 1994`. */
const ASCTIME = /^[a-z]{3} ([a-z]{3}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/i;

/**
 * Reads `retry-after-ms`, else `retry-after` (seconds, also with a fraction, or an HTTP date against `wallMs`).
 * Gives milliseconds within 0..`RETRY_AFTER_MAX_MS`; a date that has passed is 0; `undefined` for what is no such value.
 */
export function retryAfterMs(headers: HeaderMap, wallMs: number): number | undefined {
  const direct = numberOf(headers["retry-after-ms"]);
  if (direct !== undefined) return clamp(direct);
  const value = headers["retry-after"]?.trim();
  if (value === undefined) return undefined;
  const seconds = numberOf(value);
  if (seconds !== undefined) return clamp(seconds * 1000);
  const date = httpDateMs(value, wallMs);
  return date === undefined || !Number.isFinite(wallMs) ? undefined : clamp(date - wallMs);
}

function numberOf(value: string | undefined): number | undefined {
  const text = value?.trim();
  // Digits only: `Number` would also take hex, exponents and the empty string.
  return text !== undefined && NUMBER.test(text) ? Number(text) : undefined;
}

function clamp(ms: number): number {
  return Math.round(Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS));
}

function httpDateMs(text: string, wallMs: number): number | undefined {
  const fixed = IMF_FIXDATE.exec(text);
  if (fixed !== null) return utcMs(Number(fixed[3]), fixed[2], fixed[1], fixed.slice(4));
  const old = RFC_850.exec(text);
  if (old !== null) return utcMs(fullYear(Number(old[3]), wallMs), old[2], old[1], old.slice(4));
  const asc = ASCTIME.exec(text);
  if (asc !== null) return utcMs(Number(asc[6]), asc[1], asc[2], asc.slice(3, 6));
  return undefined;
}

/** RFC 9110 §5.6.7: two digits that seem over 50 years ahead are the most recent such year in the past. */
function fullYear(twoDigits: number, wallMs: number): number {
  const now = new Date(wallMs).getUTCFullYear();
  const year = now - (now % 100) + twoDigits;
  return year > now + 50 ? year - 100 : year;
}

function utcMs(
  year: number,
  monthName: string | undefined,
  day: string | undefined,
  time: readonly string[],
): number | undefined {
  const month = MONTHS.indexOf((monthName ?? "").toLowerCase());
  const [hour, minute, second] = time.map(Number);
  if (month === -1) return undefined;
  const ms = Date.UTC(year, month, Number(day), hour, minute, second);
  return Number.isFinite(ms) ? ms : undefined;
}
