// Facts that are told as they are: an objective at risk, a route that failover makes dear. What belongs to an incident is
// `incidents/notices.ts`.

import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Notice } from "../core/notice.ts";

type Told = Extract<GatewayEvent, { type: "slo" | "budget-warning" }>;

/** `undefined`: no such fact. `atMs`: milliseconds since the Unix epoch. */
export function factNotice(event: GatewayEvent, atMs: number): Notice | undefined {
  if (event.type !== "slo" && event.type !== "budget-warning") return undefined;
  return {
    atMs,
    tenants: [],
    routes: [event.route],
    ...(event.type === "slo" ? ofObjective(event, atMs) : ofBudget(event, atMs)),
  };
}

type Own = Omit<Notice, "atMs" | "tenants" | "routes">;

function ofObjective(event: Extract<Told, { type: "slo" }>, atMs: number): Own {
  const { slo, route, state, severity, burnRate, budgetLeft, ended } = event;
  const burning = state === "burning";
  const left = budgetLeft === undefined ? "not known" : `${(budgetLeft * 100).toFixed(1)} % of its error budget`;
  const well = ended === true ? `${slo} is not followed any more` : `${slo} is safe again`;
  const what =
    ended === true ? "the objective was changed or taken out of the configuration" : "nothing more than it allows";
  return {
    id: `slo.${slo}.${Math.round(atMs)}`,
    type: burning ? "slo.burning" : "slo.recovered",
    severity: severity === "page" ? "critical" : "major",
    thread: `slo.${slo}`,
    threadTitle: `objective ${slo}`,
    ends: !burning,
    title: burning ? `${slo} uses its error budget ${burnRate.toFixed(1)} times too fast` : well,
    facts: [
      ["What fails", burning ? `calls of ${route}, more than ${slo} allows` : what],
      ["Since", sinceText(atMs)],
      ["Left", left],
      ["Run", `holdfast explain ${route}`],
    ],
    data: { slo: { name: slo, route, state, severity, burnRate, budgetLeft, ...(ended && { ended }) } },
  };
}

function ofBudget(event: Extract<Told, { type: "budget-warning" }>, atMs: number): Own {
  const { route, spentUsd, withoutFailoverUsd, overMs } = event;
  const spent = `${spentUsd.toFixed(2)} USD instead of ${withoutFailoverUsd.toFixed(2)}`;
  return {
    id: `budget.${route}.${Math.round(atMs)}`,
    type: "budget.warning",
    severity: "minor",
    thread: `budget.${route}`,
    threadTitle: `cost of ${route}`,
    ends: false,
    title: `failover makes ${route} dear: ${spent}`,
    facts: [
      ["What happens", `${spent} in ${Math.round(overMs / 60_000)} min: other targets than the first one answer`],
      ["Since", sinceText(atMs - overMs)],
      ["Run", "holdfast report impact"],
    ],
    data: { budget: { route, spentUsd, withoutFailoverUsd, overMs } },
  };
}

function sinceText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
