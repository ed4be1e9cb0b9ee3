// What a reader of a report of impact should know before relying on it: where evidence is missing, where money is unknown.

import type { UserCounts } from "../observe/ledger/read.ts";
import type { ImpactReport } from "./impact-report.ts";

export function notesOf(report: Omit<ImpactReport, "notes">, users: UserCounts, unreadable: number): readonly string[] {
  const { calls, money, providers, entriesLost, minutesWithoutCalls } = report;
  const unnamed = users.records - users.named;
  const withoutEvidence = providers.filter(({ alone }) => alone.callsUnknown > 0);
  return [
    ...(calls.all === 0
      ? ["There is no call in this span: nothing was measured, which is no sign that all was well."]
      : []),
    ...(calls.all > 0 && minutesWithoutCalls > 0
      ? [`${minutesWithoutCalls} minutes had no call: of those nothing is known.`]
      : []),
    ...(unnamed > 0 ? [`${unnamed} calls that were hit name no end user: they are not among the distinct users.`] : []),
    ...(users.records < calls.hit
      ? ["Not every call that was hit is kept one by one: the numbers of end users are too low."]
      : []),
    ...(money.unpricedAttempts > 0
      ? [`${money.unpricedAttempts} attempts had no known price: their tokens are counted, their money is not.`]
      : []),
    ...(money.failoverUnknownCalls > 0
      ? [`Of ${money.failoverUnknownCalls} rescued calls it is unknown whether they cost more or less than usual.`]
      : []),
    ...(money.lost.unknownCalls > 0
      ? [`What ${money.lost.unknownCalls} lost calls were worth is unknown: their route has no \`value\`.`]
      : []),
    ...withoutEvidence.map(
      ({ provider, alone }) =>
        `In minutes with ${alone.callsUnknown} calls ${provider} was asked nothing: how it would have done then is unknown.`,
    ),
    ...(unreadable > 0 ? [`${unreadable} minutes are broken in the store and were read only in part.`] : []),
    ...(entriesLost > 0
      ? [
          `${entriesLost} entries were lost since the ledger began, because it could not be written: every number is a lower bound.`,
        ]
      : []),
    "Money is at list prices; discounts, taxes and what caches at providers cost or save are left out.",
  ];
}
