// Judges a month of evidence by a promise: the four ways in which the field's contracts count, side by side with the truth
// that there were minutes in which nobody asked. Pure; where the minutes come from is the ledger's business.

import type { Credit, DowntimePeriod, Evaluation, FailureClass, MinuteCount } from "../core/sla.ts";
import { type Counted, downMinutes, periodsOf } from "./downtime.ts";
import { dayAfter, type MinuteRange } from "./month.ts";
import type { Counting, Guarantee, Rule } from "./promise.ts";

export interface Judged {
  /** Minutes of that month, each at most once, in any order; others are passed over. */
  readonly minutes: readonly MinuteCount[];
  readonly month: MinuteRange;
  /** The first minute that has not come yet; absent: the month is over. */
  readonly untilMinute?: number;
  /** IANA name in which the month was cut and the day of the claim is told. */
  readonly timeZone: string;
}

export function evaluate(guarantee: Guarantee, { minutes, month, untilMinute, timeZone }: Judged): Evaluation {
  const past = { ...month, toMinute: Math.min(month.toMinute, untilMinute ?? month.toMinute) };
  const counted = countedOf(minutes, guarantee, past);
  const { rule } = guarantee;
  const hasDowntime = rule.kind === "downtime-periods" || rule.kind === "minute-sum";
  const downtime = hasDowntime ? periodsOf(counted, rule) : badRuns(counted);
  const { seen, contracted } = availability(counted, rule, downtime, past);
  const credit = contracted === undefined ? undefined : creditOf(guarantee, contracted);
  const withEvidence = counted.length;
  const claimBy = credit && claimDay(guarantee, downtime, month, timeZone);
  return {
    name: guarantee.name,
    rule: ruleText(guarantee),
    ...(guarantee.sourceUrl !== undefined && { sourceUrl: guarantee.sourceUrl }),
    ...(seen !== undefined && { availability: seen }),
    ...(contracted !== undefined && { contracted }),
    promised: guarantee.promised,
    downtime,
    minutesWithoutEvidence: past.toMinute - past.fromMinute - withEvidence,
    minutesOfOwnAlone: counted.filter(({ ofOwnAlone }) => ofOwnAlone).length,
    ...(credit && { credit }),
    ...(claimBy !== undefined && { claimBy }),
    notes: guarantee.notes,
  };
}

/** In the order of time, without minutes in which the contract sees no request. What Holdfast asked on its own is one too. */
export function countedOf(minutes: readonly MinuteCount[], counting: Counting, month: MinuteRange): Counted[] {
  const counted: Counted[] = [];
  for (const count of minutes) {
    const { minute, valid, by, own } = count;
    if (minute < month.fromMinute || minute >= month.toMinute) continue;
    const ofClients = valid - sumOf(by, counting.leftOut);
    const asked = ofClients + (own === undefined ? 0 : own.valid - sumOf(own.by, counting.leftOut));
    const errors = sumOf(by, counting.errors) + sumOf(own?.by ?? {}, counting.errors);
    if (asked > 0) counted.push({ minute, valid: asked, errors: Math.min(errors, asked), ofOwnAlone: ofClients <= 0 });
  }
  return counted.sort((a, b) => a.minute - b.minute);
}

function sumOf(by: MinuteCount["by"], kinds: readonly FailureClass[]): number {
  let sum = 0;
  for (const kind of kinds) sum += by[kind] ?? 0;
  return sum;
}

interface Availability {
  /** Over what was asked. */
  readonly seen?: number;
  /** As the provider computes it: minutes in which nothing was asked count for it. */
  readonly contracted?: number;
}

function availability(
  counted: readonly Counted[],
  rule: Rule,
  downtime: readonly DowntimePeriod[],
  month: MinuteRange,
): Availability {
  if (counted.length === 0) return {};
  if (rule.kind === "request-ratio") {
    const asked = counted.reduce((sum, { valid }) => sum + valid, 0);
    const errors = counted.reduce((sum, minute) => sum + minute.errors, 0);
    return { seen: 1 - errors / asked, contracted: 1 - errors / asked };
  }
  if (rule.kind === "interval-mean") return intervalMean(counted, rule.intervalMinutes, month);
  const down = downMinutes(counted, rule, downtime);
  return { seen: 1 - down / counted.length, contracted: 1 - down / (month.toMinute - month.fromMinute) };
}

function intervalMean(counted: readonly Counted[], intervalMinutes: number, month: MinuteRange): Availability {
  const intervals = new Map<number, { valid: number; errors: number }>();
  for (const { minute, valid, errors } of counted) {
    const index = Math.floor((minute - month.fromMinute) / intervalMinutes);
    const interval = intervals.get(index) ?? { valid: 0, errors: 0 };
    interval.valid += valid;
    interval.errors += errors;
    intervals.set(index, interval);
  }
  let lost = 0;
  for (const { valid, errors } of intervals.values()) lost += errors / valid;
  const all = Math.ceil((month.toMinute - month.fromMinute) / intervalMinutes);
  return { seen: 1 - lost / intervals.size, contracted: 1 - lost / all };
}

/** Where a contract knows no downtime: minutes with an error, run by run, as what to look at. */
function badRuns(counted: readonly Counted[]): DowntimePeriod[] {
  return periodsOf(counted, { kind: "downtime-periods", errorShare: 0, leastMinutes: 1 });
}

/** The deepest band that availability fell into. */
export function creditOf({ bands, of }: Pick<Guarantee, "bands" | "of">, contracted: number): Credit | undefined {
  const due = bands.filter(({ below }) => contracted < below).map(({ share }) => share);
  return due.length === 0 ? undefined : { share: Math.max(...due), of };
}

function claimDay(
  { claim }: Guarantee,
  downtime: readonly DowntimePeriod[],
  month: MinuteRange,
  timeZone: string,
): string | undefined {
  if (claim === undefined) return undefined;
  const last = month.toMinute - 1;
  if ("months" in claim) return dayAfter(last, timeZone, { months: claim.months });
  const first = downtime[0];
  const from = claim.from === "incident" && first !== undefined ? first.toMinute - 1 : last;
  return dayAfter(from, timeZone, { days: claim.days });
}

const NO_DOWNTIME = "it knows no downtime: what is listed as such are minutes with an error, to look at";

function ruleText({ rule, errors, leftOut }: Guarantee): string {
  const counts = `an error is ${errors.join(", ")}${leftOut.length > 0 ? `; ${leftOut.join(", ")} are no valid requests` : ""}`;
  switch (rule.kind) {
    case "interval-mean":
      return `the mean over intervals of ${rule.intervalMinutes} minutes; ${counts}; ${NO_DOWNTIME}`;
    case "request-ratio":
      return `the share of requests without error; ${counts}; ${NO_DOWNTIME}`;
    default: {
      const gap = rule.kind === "minute-sum" ? ", gaps without requests as long passed over" : "";
      const share = `more than ${rule.errorShare * 100} % errors`;
      return `minutes with ${share} in runs of at least ${rule.leastMinutes}${gap}; ${counts}`;
    }
  }
}
