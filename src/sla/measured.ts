// How a provider did in a month where no promise of it is known: what was measured, by the words that most contracts use, so
// that a person can hold it against a contract of their own. It promises nothing and gives no credit.

import type { DowntimePeriod, Evaluation, MinuteCount } from "../core/sla.ts";

export interface Month {
  /** Whole minutes since the Unix epoch, in UTC: the first one, and the first one after. */
  readonly fromMinute: number;
  readonly toMinute: number;
}

/** A minute is down when more than this share of its requests failed so; a period is this long at least. */
const DOWN_SHARE = 0.05;
const PERIOD_MINUTES = 5;

/** `minutes` in the order of time. */
export function measured(minutes: readonly MinuteCount[], { fromMinute, toMinute }: Month): Evaluation {
  let valid = 0;
  let failed = 0;
  let withEvidence = 0;
  for (const one of minutes) {
    valid += one.valid;
    failed += countable(one);
    if (one.valid > 0) withEvidence++;
  }
  return {
    name: "no promise known: what was measured",
    rule:
      "requests answered with HTTP 5xx other than 529, of all that were owed an answer; down are five minutes in a row, or more, " +
      "in each of which more than 5 % failed so",
    ...(valid > 0 && { availability: 1 - failed / valid, contracted: 1 - failed / valid }),
    downtime: periodsOf(minutes),
    minutesWithoutEvidence: toMinute - fromMinute - withEvidence,
    notes: [
      "No promise of this provider is known to Holdfast: put in the name, the rule and the credit of your own contract.",
      ...(valid === 0 ? ["There was no request in this month: nothing was measured."] : []),
    ],
  };
}

function countable({ by }: MinuteCount): number {
  return (by.error500 ?? 0) + (by.error5xx ?? 0);
}

/** A minute without requests ends a period: nothing is known of it. */
function periodsOf(minutes: readonly MinuteCount[]): readonly DowntimePeriod[] {
  const periods: { fromMinute: number; toMinute: number; valid: number; failed: number }[] = [];
  for (const one of minutes) {
    const failed = countable(one);
    if (failed <= DOWN_SHARE * one.valid) continue;
    const last = periods.at(-1);
    if (last?.toMinute === one.minute) {
      last.toMinute++;
      last.valid += one.valid;
      last.failed += failed;
    } else periods.push({ fromMinute: one.minute, toMinute: one.minute + 1, valid: one.valid, failed });
  }
  return periods.filter(({ fromMinute, toMinute }) => toMinute - fromMinute >= PERIOD_MINUTES);
}
