// What a list of objectives means, and what is wrong with it that no schema can see.

import { nearest } from "../core/nearest.ts";
import type { SloIndicator, SloSettings } from "../core/settings.ts";
import type { Issue } from "./problem.ts";
import { at, entriesOf } from "./tree.ts";

/** Each holds a third of a megabyte of counts. */
const OBJECTIVES_MAX = 64;
const WINDOW_MIN_MS = 3_600_000;
const WINDOW_MAX_MS = 90 * 86_400_000;
/** Of a calendar month, what the burn-rate table is made for. */
const MONTH_MS = 30 * 86_400_000;

interface Written {
  readonly name?: string | undefined;
  readonly route: string;
  readonly objective: number;
  readonly window: number | "month";
  readonly "time-zone"?: string | undefined;
  readonly indicator?: string | { readonly "first-token": number } | undefined;
}

export function objectivesOf(written: readonly Written[]): SloSettings[] {
  return written.map(({ name, route, objective, window, indicator, "time-zone": timeZone = "UTC" }) => ({
    name: name?.trim() ?? route.trim(),
    route: route.trim(),
    objective,
    ...(window === "month" ? { windowMs: MONTH_MS, calendar: { timeZone: timeZone } } : { windowMs: window }),
    indicator: indicatorOf(indicator),
  }));
}

function indicatorOf(written: Written["indicator"]): SloIndicator {
  if (typeof written === "object") return { kind: "first-token", withinMs: written["first-token"] };
  return { kind: written === "complete-stream" || written === "undegraded" ? written : "availability" };
}

/** Of the unchecked tree: `parsed` are its objectives where the schema could read them. */
export function objectiveIssues(tree: unknown, parsed: readonly Written[]): Issue[] {
  const routes = entriesOf(at(tree, ["routes"])).map(([name]) => name.trim());
  if (parsed.length > OBJECTIVES_MAX) {
    return [{ path: ["slo"], message: "is too long", allowed: `at most ${OBJECTIVES_MAX} objectives` }];
  }
  const seen = new Map<string, number>();
  return parsed.flatMap((one, index): Issue[] => {
    const { name, route, objective } = one;
    const issues: Issue[] = [];
    const path = ["slo", index];
    const called = name?.trim() ?? route.trim();
    const first = seen.get(called);
    seen.set(called, first ?? index);
    if (first !== undefined) {
      issues.push({ path: [...path, name === undefined ? "route" : "name"], message: `is the name of slo[${first}]` });
    }
    if (!routes.includes(route.trim())) {
      const near = nearest(route, routes);
      const message = `no route is named ${JSON.stringify(route)}`;
      issues.push({ path: [...path, "route"], message, allowed: routes.join(", "), ...(near && { nearest: near }) });
    }
    if (!(objective > 0 && objective < 1)) {
      const message = objective >= 1 ? "leaves no error budget" : "promises nothing";
      issues.push({ path: [...path, "objective"], message, allowed: "more than 0% and less than 100%" });
    }
    return [...issues, ...windowIssues(one, path)];
  });
}

function windowIssues({ window, "time-zone": timeZone }: Written, path: Issue["path"]): Issue[] {
  if (window === "month") return [];
  const isWindow = window >= WINDOW_MIN_MS && window <= WINDOW_MAX_MS;
  const message = "means nothing where the window is not the calendar month";
  return [
    ...(isWindow
      ? []
      : [{ path: [...path, "window"], message: "is no window for an objective", allowed: "month | 1h to 90d" }]),
    ...(timeZone === undefined ? [] : [{ path: [...path, "time-zone"], message, allowed: "window: month" }]),
  ];
}
