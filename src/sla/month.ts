// Calendar months as ranges of minutes, in the time zone that a contract bills by. Minutes are whole minutes since the Unix
// epoch in UTC, so that a change of daylight saving moves a border and makes no minute twice.

const MINUTE_MS = 60_000;

export interface MinuteRange {
  /** The first minute inside, and the first one after. */
  readonly fromMinute: number;
  readonly toMinute: number;
}

/**
 * `month` as `2026-06`, `timeZone` an IANA name. Undefined where either is not.
 * A border at a local midnight that does not exist, or that comes twice, is the first moment of that day.
 */
export function monthRange(month: string, timeZone: string): MinuteRange | undefined {
  const parts = /^(\d{4})-(\d{2})$/.exec(month);
  const year = Number(parts?.[1]);
  const number = Number(parts?.[2]);
  if (parts === null || number < 1 || number > 12 || year < 1970) return undefined;
  const offsetMinutes = offsetFinder(timeZone);
  if (offsetMinutes === undefined) return undefined;
  const border = (index: number): number => firstMinute(Date.UTC(year, index, 1) / MINUTE_MS, offsetMinutes);
  return { fromMinute: border(number - 1), toMinute: border(number) };
}

/** `2026-06-30` of a minute, in a time zone that is known to be one. */
export function dayOf(minute: number, timeZone: string): string {
  const offset = offsetFinder(timeZone)?.(minute) ?? 0;
  return new Date((minute + offset) * MINUTE_MS).toISOString().slice(0, 10);
}

/** The day `days` after the one of `minute`, or, with `months`, the last day of the month that many months later. */
export function dayAfter(minute: number, timeZone: string, ahead: { days: number } | { months: number }): string {
  const [year = 0, month = 1, day = 1] = dayOf(minute, timeZone).split("-").map(Number);
  const at = "days" in ahead ? Date.UTC(year, month - 1, day + ahead.days) : Date.UTC(year, month + ahead.months, 0);
  return new Date(at).toISOString().slice(0, 10);
}

/** The first minute at which the local time is `local` or later, given what to add to UTC at a minute. */
function firstMinute(local: number, offsetMinutes: (minute: number) => number): number {
  // No zone is further than 14 hours from UTC, and none changes by more than a day at once.
  let low = local - 26 * 60;
  let high = local + 26 * 60;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (middle + offsetMinutes(middle) >= local) high = middle;
    else low = middle + 1;
  }
  return low;
}

type OffsetFinder = (minute: number) => number;

/** Making one takes far longer than using it. There are a few hundred zones. */
const finders = new Map<string, OffsetFinder>();

function offsetFinder(timeZone: string): OffsetFinder | undefined {
  const known = finders.get(timeZone) ?? createOffsetFinder(timeZone);
  if (known !== undefined) finders.set(timeZone, known);
  return known;
}

function createOffsetFinder(timeZone: string): OffsetFinder | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    });
  } catch {
    return undefined;
  }
  return (minute) => {
    const of: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(minute * MINUTE_MS)) of[type] = Number(value);
    const local = Date.UTC(of.year ?? 0, (of.month ?? 1) - 1, of.day ?? 1, of.hour ?? 0, of.minute ?? 0);
    return local / MINUTE_MS - minute;
  };
}
