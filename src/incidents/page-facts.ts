// What our own status page shows, before it has a form: components, incidents that are published, announced work, ninety
// days. Nothing here names a provider: the page is for users. HTML, JSON and Atom are made of it elsewhere.

import { fingerprint } from "../core/fingerprint.ts";
import type { Incident, Maintenance, Severity } from "../core/incident.ts";
import { isOpen } from "./book.ts";
import type { Desk } from "./desk.ts";
import { type ComponentStatus, DAY_MS, DAYS_KEPT, type RouteDay, rank, statusOf, uptimeOf } from "./routes.ts";
import { userTitleOf } from "./sentences.ts";

export interface PageComponent {
  readonly id: string;
  readonly name: string;
  readonly status: ComponentStatus;
  readonly sinceMs: number;
  /** Oldest first, `DAYS_KEPT` of them; `undefined`: nobody watched that day. */
  readonly days: readonly { readonly atMs: number; readonly counts: RouteDay | undefined }[];
  /** 0..1 over those days. */
  readonly uptime: number | undefined;
}

export interface ShownUpdate {
  readonly id: string;
  readonly atMs: number;
  readonly state: Incident["state"];
  readonly text: string;
}

export interface ShownIncident {
  readonly id: string;
  readonly title: string;
  readonly state: Incident["state"];
  readonly severity: Severity;
  readonly open: boolean;
  readonly startedMs: number;
  readonly createdMs: number;
  readonly monitoringMs: number | undefined;
  readonly resolvedMs: number | undefined;
  /** Newest first. */
  readonly updates: readonly ShownUpdate[];
  readonly components: readonly PageComponent[];
}

export interface ShownMaintenance extends Omit<Maintenance, "routes" | "cancelled"> {
  readonly state: "scheduled" | "in_progress" | "completed";
  readonly components: readonly PageComponent[];
}

export type Indicator = "none" | "minor" | "major" | "critical" | "maintenance";

export interface PageFacts {
  readonly name: string;
  /** Without a trailing slash. */
  readonly url: string;
  readonly nowMs: number;
  readonly updatedMs: number;
  readonly indicator: Indicator;
  readonly headline: string;
  readonly components: readonly PageComponent[];
  /** Newest first, at most fifty. */
  readonly incidents: readonly ShownIncident[];
  readonly maintenances: readonly ShownMaintenance[];
}

export interface PageScope {
  readonly url: string;
  /** Routes that the reader may see; absent: all. */
  readonly routes?: readonly string[] | undefined;
}

const INCIDENTS_MAX = 50;
/** Announced work is shown for so long after it was done. */
const DONE_MS = 7 * DAY_MS;

export function pageFacts(desk: Desk, { url, routes }: PageScope): PageFacts {
  const nowMs = desk.nowMs();
  const names = [...desk.book.routes.keys()].filter((name) => routes === undefined || routes.includes(name));
  const components = names.map((name) => component(desk, name, nowMs));
  const byName = new Map(components.map((one) => [one.name, one]));
  const of = (named: readonly string[]): PageComponent[] => named.flatMap((name) => byName.get(name) ?? []);
  const incidents = [...desk.book.incidents.values()]
    .filter(
      ({ published, routes: hit }) => published && (routes === undefined || hit.length === 0 || of(hit).length > 0),
    )
    .reverse()
    .slice(0, INCIDENTS_MAX)
    .map((incident) => shown(incident, of(incident.routes)));
  const maintenances = desk.maintenances
    .filter(({ cancelled, untilMs }) => !cancelled && nowMs - untilMs < DONE_MS)
    .filter((one) => routes === undefined || one.routes.length === 0 || of(one.routes).length > 0)
    .map((one) => shownMaintenance(one, one.routes.length === 0 ? components : of(one.routes), nowMs));
  const indicator = worst(components, incidents);
  return {
    name: "AI services",
    url,
    nowMs,
    updatedMs: Math.max(
      0,
      ...incidents.map(({ updates }) => updates[0]?.atMs ?? 0),
      ...components.map(({ sinceMs }) => sinceMs),
    ),
    indicator,
    headline: HEADLINES[indicator],
    components,
    incidents,
    maintenances,
  };
}

const HEADLINES: Readonly<Record<Indicator, string>> = {
  none: "All systems operational",
  minor: "Partially degraded service",
  major: "Partial system outage",
  critical: "Major system outage",
  maintenance: "Service under maintenance",
};

function component(desk: Desk, name: string, nowMs: number): PageComponent {
  const watch = desk.watches.get(name);
  const today = Math.floor(nowMs / DAY_MS);
  const days = Array.from({ length: DAYS_KEPT }, (_, index) => {
    const day = today - DAYS_KEPT + 1 + index;
    const counts = watch?.days.get(day);
    return { atMs: day * DAY_MS, counts: counts !== undefined && counts.watchedMs > 0 ? counts : undefined };
  });
  return {
    id: fingerprint(encoder.encode(name)).slice(0, 12),
    name,
    status: watch === undefined ? "operational" : statusOf(name, watch, desk, nowMs),
    sinceMs: watch?.sinceMs ?? nowMs,
    days,
    uptime: uptimeOf(days.flatMap(({ counts }) => counts ?? [])),
  };
}

const encoder = new TextEncoder();

function shown(incident: Incident, components: readonly PageComponent[]): ShownIncident {
  const { id, state, severity, startedMs, openedMs, monitoringMs, resolvedMs } = incident;
  const updates = incident.updates
    .flatMap(({ id: update, atMs, state: then, forUsers }) =>
      forUsers === undefined ? [] : [{ id: update, atMs, state: then, text: forUsers }],
    )
    .reverse();
  const title = userTitleOf(incident);
  const open = isOpen(incident);
  return {
    id,
    title,
    state,
    severity,
    open,
    startedMs,
    createdMs: openedMs,
    monitoringMs,
    resolvedMs,
    updates,
    components,
  };
}

function shownMaintenance(one: Maintenance, components: readonly PageComponent[], nowMs: number): ShownMaintenance {
  const { routes, cancelled, ...rest } = one;
  const state = nowMs < one.fromMs ? "scheduled" : nowMs < one.untilMs ? "in_progress" : "completed";
  return { ...rest, state, components };
}

/** The worst of the components and of the open incidents: the headline never looks better than either. */
function worst(components: readonly PageComponent[], incidents: readonly ShownIncident[]): Indicator {
  const status = components.reduce<ComponentStatus>(
    (most, one) => (rank(one.status) > rank(most) ? one.status : most),
    "operational",
  );
  const all = components.length > 0 && components.every((one) => one.status === "major_outage");
  const open = incidents.filter((one) => one.open).map(({ severity }) => severity);
  if (all || open.includes("critical")) return "critical";
  if (status === "major_outage" || status === "partial_outage" || open.includes("major")) return "major";
  if (status === "degraded_performance" || open.includes("minor")) return "minor";
  return status === "under_maintenance" ? "maintenance" : "none";
}
