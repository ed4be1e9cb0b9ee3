// The status page for programs, in the shapes of Atlassian Statuspage's public API v2, so that whatever reads those reads
// ours. Bodies are HTML there: ours are text with its signs escaped.

import type { PageComponent, PageFacts, ShownIncident, ShownMaintenance } from "./page-facts.ts";

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOr = (ms: number | undefined): string | null => (ms === undefined ? null : iso(ms));

/** The documents there are, by the name in `/api/v2/NAME.json`. */
export const DOCUMENTS: Readonly<Record<string, (facts: PageFacts) => object>> = {
  summary: (facts) => ({
    page: page(facts),
    status: status(facts),
    components: facts.components.map(componentOf(facts)),
    incidents: facts.incidents.filter(({ open }) => open).map(incident(facts)),
    scheduled_maintenances: facts.maintenances.filter(({ state }) => state !== "completed").map(maintenance(facts)),
  }),
  status: (facts) => ({ page: page(facts), status: status(facts) }),
  components: (facts) => ({ page: page(facts), components: facts.components.map(componentOf(facts)) }),
  incidents: (facts) => ({ page: page(facts), incidents: facts.incidents.map(incident(facts)) }),
  "incidents/unresolved": (facts) => ({
    page: page(facts),
    incidents: facts.incidents.filter(({ open }) => open).map(incident(facts)),
  }),
  "scheduled-maintenances": (facts) => ({
    page: page(facts),
    scheduled_maintenances: facts.maintenances.map(maintenance(facts)),
  }),
};

function page({ name, url, updatedMs }: PageFacts) {
  return { id: PAGE_ID, name, url: `${url}/status`, time_zone: "Etc/UTC", updated_at: iso(updatedMs) };
}

const PAGE_ID = "holdfast";

function status({ indicator, headline: description }: PageFacts) {
  return { indicator, description };
}

function componentOf({ components }: PageFacts) {
  return (one: PageComponent) => {
    const { id, name, status: now, sinceMs, days } = one;
    const firstMs = days.find(({ counts }) => counts !== undefined)?.atMs ?? sinceMs;
    return {
      id,
      name,
      status: now,
      created_at: iso(firstMs),
      updated_at: iso(sinceMs),
      position: components.indexOf(one) + 1,
      description: null,
      showcase: true,
      start_date: iso(firstMs).slice(0, 10),
      group_id: null,
      page_id: PAGE_ID,
      group: false,
      only_show_if_degraded: false,
    };
  };
}

function incident(facts: PageFacts) {
  return ({ id, title, state, severity, updates, components, ...times }: ShownIncident) => ({
    id,
    name: title,
    status: state,
    impact: severity,
    created_at: iso(times.createdMs),
    updated_at: iso(updates[0]?.atMs ?? times.createdMs),
    started_at: iso(times.startedMs),
    monitoring_at: isoOr(times.monitoringMs),
    resolved_at: isoOr(times.resolvedMs),
    shortlink: `${facts.url}/status#${id}`,
    page_id: PAGE_ID,
    reminder_intervals: null,
    incident_updates: updates.map(({ id: update, atMs, state: then, text }) => ({
      ...updateOf({ id: update, incident: id, status: then, text, atMs }),
      affected_components: null,
    })),
    components: components.map(componentOf(facts)),
  });
}

interface Told {
  readonly id: string;
  readonly incident: string;
  readonly status: string;
  readonly text: string;
  readonly atMs: number;
}

function updateOf({ id, incident: incident_id, status: then, text, atMs }: Told) {
  const at = iso(atMs);
  return {
    id,
    incident_id,
    status: then,
    body: escaped(text),
    created_at: at,
    updated_at: at,
    display_at: at,
    deliver_notifications: true,
    custom_tweet: null,
    tweet_id: null,
  };
}

function maintenance(facts: PageFacts) {
  return ({ id, title, text, state, components, ...times }: ShownMaintenance) => ({
    id,
    name: title,
    status: state,
    impact: "maintenance",
    created_at: iso(times.createdMs),
    updated_at: iso(times.updatedMs),
    started_at: iso(times.fromMs),
    monitoring_at: null,
    resolved_at: state === "completed" ? iso(times.untilMs) : null,
    scheduled_for: iso(times.fromMs),
    scheduled_until: iso(times.untilMs),
    shortlink: `${facts.url}/status#${id}`,
    page_id: PAGE_ID,
    incident_updates: [
      {
        ...updateOf({ id: `${id}.1`, incident: id, status: state, text, atMs: times.createdMs }),
        affected_components: null,
      },
    ],
    components: components.map(componentOf(facts)),
  });
}

const SIGNS: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** For text and attributes of HTML and XML; characters that XML does not know are replaced. */
export function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, "\ufffd")
    .replace(/[&<>"']/g, (sign) => SIGNS[sign] ?? sign);
}
