// How a provider did in a month where no promise of it is known: what was measured, by the words that most contracts use, so
// that a person can hold it against a contract of their own. It promises nothing and gives no credit.

import type { Evaluation, MinuteCount } from "../core/sla.ts";
import { type Counted, periodsOf } from "./downtime.ts";

export interface Month {
  /** Whole minutes since the Unix epoch, in UTC: the first one, and the first one after. */
  readonly fromMinute: number;
  readonly toMinute: number;
}

/** A minute is down when more than this share of its requests failed so; one without requests ends a period: nothing is known of it. */
const PERIODS = { kind: "downtime-periods", errorShare: 0.05, leastMinutes: 5 } as const;

/** `minutes` in the order of time. What Holdfast asked on its own is a request like any other. */
export function measured(minutes: readonly MinuteCount[], { fromMinute, toMinute }: Month): Evaluation {
  const counted = minutes.map(countedOf).filter(({ valid }) => valid > 0);
  const valid = counted.reduce((sum, one) => sum + one.valid, 0);
  const failed = counted.reduce((sum, one) => sum + one.errors, 0);
  return {
    name: "no promise known: what was measured",
    rule:
      "requests answered with HTTP 5xx other than 529, of all that were owed an answer; down are five minutes in a row, or more, " +
      "in each of which more than 5 % failed so",
    ...(valid > 0 && { availability: 1 - failed / valid, contracted: 1 - failed / valid }),
    downtime: periodsOf(counted, PERIODS),
    minutesWithoutEvidence: toMinute - fromMinute - counted.length,
    minutesOfOwnAlone: counted.filter(({ ofOwnAlone }) => ofOwnAlone).length,
    notes: [
      "No promise of this provider is known to Holdfast: put in the name, the rule and the credit of your own contract.",
      ...(valid === 0 ? ["There was no request in this month: nothing was measured."] : []),
    ],
  };
}

function countedOf({ minute, valid, by, own }: MinuteCount): Counted {
  const errors = countable(by) + countable(own?.by ?? {});
  return { minute, valid: valid + (own?.valid ?? 0), errors, ofOwnAlone: valid === 0 };
}

function countable(by: MinuteCount["by"]): number {
  return (by.error500 ?? 0) + (by.error5xx ?? 0);
}
