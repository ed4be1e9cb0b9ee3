// Runs of bad minutes, as contracts that speak of downtime count them.

import type { DowntimePeriod } from "../core/sla.ts";
import type { Rule } from "./promise.ts";

/** A minute as the contract counts it. */
export interface Counted {
  readonly minute: number;
  readonly valid: number;
  readonly errors: number;
  /** Nobody but Holdfast itself asked. */
  readonly ofOwnAlone: boolean;
}

type DowntimeRule = Extract<Rule, { readonly kind: "downtime-periods" | "minute-sum" }>;

/** `counted` in the order of time. A minute with requests that is not bad ends a run, a gap one too: any where periods count, a long one where minutes do. */
export function periodsOf(counted: readonly Counted[], rule: DowntimeRule): DowntimePeriod[] {
  const periods: DowntimePeriod[] = [];
  let run: Counted[] = [];
  const end = (): void => {
    const [first] = run;
    const last = run.at(-1);
    if (first !== undefined && last !== undefined && last.minute - first.minute + 1 >= rule.leastMinutes) {
      periods.push({
        fromMinute: first.minute,
        toMinute: last.minute + 1,
        valid: run.reduce((sum, { valid }) => sum + valid, 0),
        failed: run.reduce((sum, { errors }) => sum + errors, 0),
      });
    }
    run = [];
  };
  for (const minute of counted) {
    const before = run.at(-1);
    if (!isBad(minute, rule)) end();
    else {
      if (before !== undefined && minute.minute - before.minute - 1 > gapMax(rule)) end();
      run.push(minute);
    }
  }
  end();
  return periods;
}

/** How many minutes without a request may lie within a run. */
function gapMax({ kind, leastMinutes }: DowntimeRule): number {
  return kind === "minute-sum" ? leastMinutes : 0;
}

/** Minutes that count as down: those of the periods in which something was asked. */
export function downMinutes(
  counted: readonly Counted[],
  rule: DowntimeRule,
  periods: readonly DowntimePeriod[],
): number {
  let down = 0;
  let index = 0;
  for (const minute of counted) {
    while ((periods[index]?.toMinute ?? Number.POSITIVE_INFINITY) <= minute.minute) index++;
    const period = periods[index];
    if (period !== undefined && minute.minute >= period.fromMinute && isBad(minute, rule)) down++;
  }
  return down;
}

function isBad({ valid, errors }: Counted, { errorShare }: DowntimeRule): boolean {
  return errors / valid > errorShare;
}
