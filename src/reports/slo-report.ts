// The report on objectives: how each stands over its own window, what is left of its error budget, how fast it burns.

import { csvRow } from "../core/csv.ts";
import { lengthText, type SloReading } from "../core/slo.ts";
import type { Page } from "./page.ts";
import { countText, shareText } from "./wording.ts";

export interface SloReport {
  readonly report: "slo";
  /** ISO 8601 in UTC. */
  readonly at: string;
  /** Of the past: a month, `2026-11`, or the span as it was asked for. Absent: how they stand now. */
  readonly of?: string;
  readonly slos: readonly SloReading[];
}

export function sloPage({ at, of, slos }: SloReport): Page {
  return {
    title: of === undefined ? "Objectives" : `Objectives in ${of}`,
    about: [
      of === undefined
        ? `As of ${at}, each over its own window until then. Calls as their clients saw them.`
        : `As of ${at}: each over that time, whatever its window is. Calls as their clients saw them.`,
    ],
    sections: [
      {
        title: "How they stand",
        table: {
          head: ["objective", "route", "good is", "goal", "window", "calls", "bad", "achieved", "budget left", "state"],
          rows: slos.map((slo) => [
            slo.name,
            slo.route,
            indicatorText(slo),
            shareText(slo.objective),
            of === undefined ? windowText(slo) : `${slo.from} to ${slo.to}`,
            countText(slo.total),
            countText(slo.total - slo.good),
            slo.achieved === undefined ? "no calls" : shareText(slo.achieved),
            budgetText(slo.budgetLeft),
            stateText(slo),
          ]),
        },
      },
      {
        title: "How fast their budgets burn",
        table: {
          head: ["objective", "over the last", "burn rate"],
          rows: slos.flatMap(({ name, burn }) => burn.map(({ over, rate }) => [name, over, rate.toFixed(2)])),
        },
        lines: ["A rate of 1 spends the budget exactly within the objective's window."],
      },
    ].filter(({ table }) => table.rows.length > 0),
  };
}

export function sloCsv({ slos }: SloReport): string {
  const head = ["slo", "route", "good_is", "objective", "window_s", "total", "good", "achieved", "budget_left"];
  const rows = slos.flatMap((slo) => {
    const burns = slo.burn.length === 0 ? [["", ""]] : slo.burn.map(({ overMs, rate }) => [overMs / 1_000, rate]);
    return burns.map((burn) =>
      csvRow([
        ...[slo.name, slo.route, indicatorText(slo), slo.objective, secondsOf(slo), slo.total, slo.good],
        ...[slo.achieved ?? "", slo.budgetLeft, slo.burning ?? "", ...burn, slo.from ?? "", slo.to ?? ""],
      ]),
    );
  });
  return csvRow([...head, "burning", "burn_over_s", "burn_rate", "from", "to"]) + rows.join("");
}

/** What was counted: of a calendar month so far, what there is of it. */
function secondsOf({ from, to, windowMs }: SloReading): number {
  return from === undefined || to === undefined ? windowMs / 1_000 : (Date.parse(to) - Date.parse(from)) / 1_000;
}

function windowText({ calendar, windowMs }: SloReading): string {
  return calendar === undefined ? lengthText(windowMs) : `month (${calendar.timeZone})`;
}

function indicatorText({ indicator }: SloReading): string {
  return indicator.kind === "first-token" ? `first token within ${indicator.withinMs} ms` : indicator.kind;
}

function budgetText(left: number): string {
  return left < 0 ? `overspent ${(1 - left).toFixed(1)} times` : `${(Math.floor(left * 1_000) / 10).toFixed(1)}\u202f%`;
}

function stateText({ burning, budgetLeft, total }: SloReading): string {
  if (total === 0) return "unknown";
  if (burning !== undefined) return `burning (${burning})`;
  return budgetLeft < 0 ? "missed" : "met";
}
