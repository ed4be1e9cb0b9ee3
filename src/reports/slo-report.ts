// The report on objectives: how each stands over its own window, what is left of its error budget, how fast it burns.

import { csvRow } from "../core/csv.ts";
import { lengthText, type SloReading } from "../core/slo.ts";
import type { Page } from "./page.ts";
import { countText, shareText } from "./wording.ts";

export interface SloReport {
  readonly report: "slo";
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly slos: readonly SloReading[];
}

export function sloPage({ at, slos }: SloReport): Page {
  return {
    title: "Objectives",
    about: [`As of ${at}, each over its own window until then. Calls as their clients saw them.`],
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
            lengthText(slo.windowMs),
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
    ],
  };
}

export function sloCsv({ slos }: SloReport): string {
  const head = ["slo", "route", "good_is", "objective", "window_s", "total", "good", "achieved", "budget_left"];
  const rows = slos.flatMap((slo) =>
    slo.burn.map(({ overMs, rate }) =>
      csvRow([
        ...[slo.name, slo.route, indicatorText(slo), slo.objective, slo.windowMs / 1_000, slo.total, slo.good],
        ...[slo.achieved ?? "", slo.budgetLeft, slo.burning ?? "", overMs / 1_000, rate],
      ]),
    ),
  );
  return csvRow([...head, "burning", "burn_over_s", "burn_rate"]) + rows.join("");
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
