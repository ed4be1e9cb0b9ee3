// The report on providers' month under their promises: gathered from the ledger, judged by `sla/`, rendered as a page, a
// table, JSON, or as a pack for a claim.

import { csvRow } from "../core/csv.ts";
import { COUNT_COLUMNS, countCells } from "../core/minute-table.ts";
import type { Evaluation, MinuteCount } from "../core/sla.ts";
import type { Page } from "./page.ts";
import { isoOfMinute } from "./span.ts";
import { countText, plural, shareText, usdText } from "./wording.ts";

export interface SlaReport {
  readonly report: "sla";
  /** `2026-11` */
  readonly month: string;
  /** True while it is not over. */
  readonly isOpen: boolean;
  readonly providers: readonly ProviderMonth[];
  /** Of this month, and of earlier ones whose last day has not passed. */
  readonly deadlines: readonly Deadline[];
}

/** The last day on which a credit that is due may be claimed. */
export interface Deadline {
  readonly provider: string;
  readonly month: string;
  readonly promise: string;
  /** `2026-12-31` */
  readonly claimBy: string;
  /** Below 0: it has passed. */
  readonly daysLeft: number;
}

export function deadlineText({ provider, month, promise, claimBy, daysLeft }: Deadline): string {
  const left =
    daysLeft < 0 ? "that day has passed" : daysLeft === 0 ? "that is today" : `${plural(daysLeft, "day")} left`;
  return `Against ${provider} for ${month} under ${promise}: by ${claimBy}, ${left}`;
}

export interface ProviderMonth {
  readonly provider: string;
  /** By each promise that may apply, the likeliest first. */
  readonly evaluations: readonly Evaluation[];
  /** Requests that were owed an answer, and those of them that failed, whatever the promise says of it. */
  readonly valid: number;
  readonly failed: number;
  /** 0..1, of all failures; absent: no request was made. */
  readonly experienced?: number;
  /** 0..1, of the calls on the routes that ask it, in the month in UTC; absent: there was none. */
  readonly clientsSaw?: number;
}

export function providerMonth(
  provider: string,
  minutes: readonly MinuteCount[],
  evaluations: readonly Evaluation[],
): ProviderMonth {
  let valid = 0;
  let failed = 0;
  for (const one of minutes) {
    valid += one.valid;
    failed += one.failed;
  }
  return { provider, evaluations, valid, failed, ...(valid > 0 && { experienced: 1 - failed / valid }) };
}

const PERIODS_SHOWN = 50;

export function slaPage({ month, isOpen, providers, deadlines }: SlaReport): Page {
  const [one, ...others] = providers;
  const who = one !== undefined && others.length === 0 ? one.provider : "every provider";
  return {
    title: `Did ${who} keep its word in ${month}?`,
    about: [
      "All times UTC; each promise is judged by the month of its own time zone.",
      ...(isOpen ? ["The month is not over: this is how it stands now."] : []),
    ],
    sections: [
      ...(deadlines.length === 0 ? [] : [{ title: "To be claimed", lines: deadlines.map(deadlineText) }]),
      ...providers.flatMap(sectionsOf),
    ],
  };
}

function creditText({ credit }: Evaluation): string {
  if (credit === undefined) return "none";
  const { share, of, estimateUsd } = credit;
  const money = estimateUsd === undefined ? "" : ` (some ${usdText(estimateUsd)} at list prices)`;
  return `${shareText(share)} of ${of}${money}`;
}

function sectionsOf({
  provider,
  evaluations,
  valid,
  failed,
  experienced,
  clientsSaw,
}: ProviderMonth): Page["sections"] {
  return [
    {
      title: provider,
      lines: [
        `${plural(valid, "request")} of this gateway were owed an answer, ${countText(failed)} failed one way or another.`,
      ],
    },
    ...evaluations.flatMap((one) => [
      {
        title: `${provider}: ${one.name}`,
        table: {
          head: [
            "promised",
            "as the contract counts",
            "of what was asked",
            "experienced",
            "clients of Holdfast saw",
            "downtime",
            "credit",
            "claim by",
          ],
          rows: [
            [
              one.promised === undefined ? "nothing" : shareText(one.promised),
              one.promised === undefined ? "–" : shareText(one.contracted),
              shareText(one.availability),
              shareText(experienced),
              shareText(clientsSaw),
              plural(
                one.downtime.reduce((sum, { fromMinute, toMinute }) => sum + toMinute - fromMinute, 0),
                "minute",
              ),
              creditText(one),
              one.claimBy ?? "–",
            ],
          ],
        },
        lines: [
          `Rule: ${one.rule}.`,
          ...(one.sourceUrl === undefined ? [] : [`Source: ${one.sourceUrl}`]),
          `${plural(one.minutesWithoutEvidence, "minute")} of the month had no request: they are counted neither way by us.`,
          ...(one.minutesOfOwnAlone > 0
            ? [`In ${plural(one.minutesOfOwnAlone, "minute")} only probes and canaries of Holdfast were asked.`]
            : []),
          ...one.notes,
        ],
      },
      ...(one.downtime.length === 0 ? [] : [downtime(provider, one)]),
    ]),
  ];
}

function downtime(provider: string, { name, downtime: periods }: Evaluation): Page["sections"][number] {
  const more = periods.length - PERIODS_SHOWN;
  return {
    title: `${provider}: downtime under ${name}`,
    table: {
      head: ["from", "to", "minutes", "requests", "failed"],
      rows: periods
        .slice(0, PERIODS_SHOWN)
        .map(({ fromMinute, toMinute, valid, failed }) => [
          isoOfMinute(fromMinute),
          isoOfMinute(toMinute),
          countText(toMinute - fromMinute),
          countText(valid),
          countText(failed),
        ]),
    },
    ...(more > 0 && { lines: [`${countText(more)} more are in --format json.`] }),
  };
}

/** The minutes themselves: those with a request, a probe or a canary. */
export function minutesCsv(months: readonly { provider: string; minutes: readonly MinuteCount[] }[]): string {
  const head = ["provider", "minute_utc", "valid", "failed", ...COUNT_COLUMNS];
  const rows = months.flatMap(({ provider, minutes }) =>
    minutes.map((one) => csvRow([provider, isoOfMinute(one.minute), one.valid, one.failed, ...countCells(one)])),
  );
  return csvRow(head) + rows.join("");
}
