// Slack's status API v2.0.0: `current` (is all well, and what is open) and `history` (a list). No components: services are
// named, and what is wrong with some of them says nothing of the others.

import type { PageIncident } from "../core/status-page.ts";
import { type Fields, fieldsOf, idOf, linkOf, listOf, momentOf, newestOf, rowsOf, textOf } from "./json-shape.ts";
import { incidentOf, isTrial, type PageDocument } from "./page-document.ts";
import { surfaceOfName } from "./surfaces.ts";

export function isSlackNow(body: Fields): boolean {
  return "active_incidents" in body && textOf(body.status) !== undefined;
}

export function isSlackHistory(list: readonly unknown[]): boolean {
  const first = fieldsOf(list[0]);
  return first !== undefined && "date_created" in first && "notes" in first;
}

export function readSlackNow({ status, active_incidents: active }: Fields): PageDocument {
  const listed = listOf(active);
  const incidents = (listed ?? []).flatMap((entry) => readIncident(fieldsOf(entry)) ?? []);
  const quiet = status === "ok" && listed?.length === 0;
  return {
    backend: "slack",
    garbled: listed === undefined || incidents.length < listed.length,
    incidents,
    verdict: quiet ? "operational" : "unknown",
  };
}

/** What was tells nothing of what is. */
export function readSlackHistory(list: readonly unknown[]): PageDocument {
  const incidents = list.flatMap((entry) => readIncident(fieldsOf(entry)) ?? []);
  return { backend: "slack", garbled: incidents.length < list.length, incidents };
}

function readIncident(row: Fields | undefined): PageIncident | undefined {
  const title = textOf(row?.title);
  const id = idOf(typeof row?.id === "number" ? String(row.id) : row?.id);
  if (row === undefined || title === undefined || id === undefined || isTrial(title)) return undefined;
  const newest = newestOf(rowsOf(row.notes), ({ date_created: at }) => momentOf(at) ?? 0);
  const lifecycle = row.status === "active" ? "investigating" : row.status === "resolved" ? "resolved" : "unknown";
  const services = (listOf(row.services) ?? []).flatMap((name) => textOf(name) ?? []);
  const surfaces = [...new Set(services.map(surfaceOfName))].filter((surface) => surface !== "other");
  return incidentOf({
    id,
    title,
    lifecycle,
    ...(surfaces.length > 0 && { surfaces }),
    impact: row.type === "outage" ? "major_outage" : row.type === "incident" ? "degraded" : "unknown",
    startedMs: momentOf(row.date_created),
    updatedMs: momentOf(row.date_updated),
    ...(lifecycle === "resolved" && { endedMs: momentOf(row.date_updated) }),
    note: textOf(newest?.body),
    url: linkOf(row.url),
  });
}
