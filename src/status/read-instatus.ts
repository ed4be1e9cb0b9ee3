// Instatus: `summary.json` (the page's state and what is open; the lists are absent while there is nothing) and
// `v2/components.json`.

import type { PageHealth, PageIncident } from "../core/status-page.ts";
import { type Fields, fieldsOf, idOf, linkOf, listOf, momentOf, textOf } from "./json-shape.ts";
import { incidentOf, isTrial, type PageDocument } from "./page-document.ts";
import { readComponents } from "./read-statuspage.ts";
import { impactClaimed, lifecycleOf } from "./words.ts";

const PAGE_WORDS: ReadonlySet<unknown> = new Set(["UP", "HASISSUES", "UNDERMAINTENANCE"]);

export function isInstatusSummary({ page, ...rest }: Fields): boolean {
  const own = fieldsOf(page);
  if (own === undefined) return false;
  return PAGE_WORDS.has(own.status) || "activeIncidents" in rest || "activeMaintenances" in rest;
}

export function isInstatusComponents(body: Fields): boolean {
  if ("page" in body) return false;
  return (listOf(body.components) ?? []).some((raw) => /^[A-Z]+$/.test(textOf(fieldsOf(raw)?.status) ?? ""));
}

export function readInstatusComponents(body: Fields): PageDocument {
  return { backend: "instatus", ...defined(readComponents(body.components)) };
}

function defined({ components, garbled }: ReturnType<typeof readComponents>) {
  return components === undefined ? { garbled } : { components, garbled };
}

export function readInstatusSummary(body: Fields): PageDocument {
  const listed = listOf(body.activeIncidents);
  const maintained = listOf(body.activeMaintenances);
  const incidents = [
    ...(listed ?? []).flatMap((raw) => readIncident(raw, false) ?? []),
    ...(maintained ?? []).flatMap((raw) => readIncident(raw, true) ?? []),
  ];
  const garbled =
    (body.activeIncidents !== undefined && listed === undefined) ||
    (listed ?? []).some((raw) => !readIncident(raw, false));
  return {
    backend: "instatus",
    garbled,
    incidents,
    verdict: verdictOf(fieldsOf(body.page)?.status, incidents, garbled),
  };
}

/** The whole page in one word: "up" is also said of the API; "has issues" says not of what. */
function verdictOf(word: unknown, incidents: readonly PageIncident[], garbled: boolean): PageHealth {
  if (garbled) return "unknown";
  return word === "UP" && incidents.every(({ open }) => !open) ? "operational" : "unknown";
}

function readIncident(raw: unknown, maintenance: boolean): PageIncident | undefined {
  const row = fieldsOf(raw);
  const title = textOf(row?.name);
  if (row === undefined || title === undefined || isTrial(title)) return undefined;
  const startedMs = momentOf(maintenance ? row.start : row.started);
  const lifecycle = lifecycleOf(row.status);
  // A field that only the API's newer pages have.
  const id = idOf(row.id) ?? `${title}@${startedMs ?? ""}`;
  return incidentOf({
    id,
    title,
    lifecycle,
    ...(row.status === "NOTSTARTEDYET" && { open: false }),
    impact: maintenance ? "maintenance" : impactClaimed(row.impact),
    startedMs,
    url: linkOf(row.url),
  });
}
