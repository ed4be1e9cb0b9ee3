// A reading of a status page as JSON for people and commands: times in ISO 8601 instead of milliseconds.

import type { PageIncident, PageReading } from "../core/status-page.ts";

export type IncidentView = Omit<PageIncident, "startedMs" | "updatedMs" | "endedMs"> & {
  readonly startedAt?: string;
  readonly updatedAt?: string;
  readonly endedAt?: string;
};

/** As `holdfast status --json` and `/admin/v1/status` give it. */
export type ReadingView = Omit<PageReading, "fetchedMs" | "incidents"> & {
  readonly fetchedAt?: string;
  readonly incidents: readonly IncidentView[];
};

export function readingView({ fetchedMs, incidents, ...reading }: PageReading): ReadingView {
  return {
    ...reading,
    incidents: incidents.map(incidentView),
    ...(fetchedMs !== undefined && { fetchedAt: iso(fetchedMs) }),
  };
}

function incidentView({ startedMs, updatedMs, endedMs, ...incident }: PageIncident): IncidentView {
  return {
    ...incident,
    ...(startedMs !== undefined && { startedAt: iso(startedMs) }),
    ...(updatedMs !== undefined && { updatedAt: iso(updatedMs) }),
    ...(endedMs !== undefined && { endedAt: iso(endedMs) }),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
