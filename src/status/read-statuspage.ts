// Atlassian Statuspage v2 and what speaks like it: `summary.json`, `components.json`, `incidents.json`. incident.io's
// compatible form is told by its ids (ULIDs) and by the time zone that its page does not have.

import type { PageBackend, PageIncident } from "../core/status-page.ts";
import { type Fields, fieldsOf, idOf, linkOf, listOf, momentOf, newestOf, rowsOf, textOf } from "./json-shape.ts";
import { type DocumentComponent, incidentOf, isTrial, type PageDocument } from "./page-document.ts";
import { plainText } from "./plain-text.ts";
import { componentHealth, impactClaimed, lifecycleOf } from "./words.ts";

const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** Whether a parsed body is of this kind. */
export function isStatuspage(body: Fields): boolean {
  const page = fieldsOf(body.page);
  return page !== undefined && idOf(page.id) !== undefined && ("components" in body || "incidents" in body);
}

export function readStatuspage(body: Fields): PageDocument {
  const backend = backendOf(body);
  const { components, garbled } = readComponents(body.components);
  const incidents = [
    ...(listOf(body.incidents) ?? []).flatMap((raw) => readIncident(raw, false)),
    ...(listOf(body.scheduled_maintenances) ?? []).flatMap((raw) => readIncident(raw, true)),
  ];
  return {
    backend,
    garbled,
    ...(components && { components }),
    ...(listOf(body.incidents) && { incidents }),
  };
}

function backendOf({ page, components, incidents }: Fields): PageBackend {
  const own = fieldsOf(page) ?? {};
  const first = fieldsOf(listOf(components)?.[0]) ?? fieldsOf(listOf(incidents)?.[0]) ?? own;
  return ULID.test(idOf(own.id) ?? "") && ULID.test(idOf(first.id) ?? "") && own.time_zone === undefined
    ? "incidentio-compat"
    : "statuspage";
}

/** A component that has no name or no id may be any of them. */
export function readComponents(value: unknown): {
  readonly components: readonly DocumentComponent[] | undefined;
  readonly garbled: boolean;
} {
  const list = listOf(value);
  if (list === undefined) return { components: undefined, garbled: value !== undefined };
  let garbled = false;
  const components = list.flatMap((raw): readonly DocumentComponent[] => {
    const row = fieldsOf(raw);
    const id = idOf(row?.id);
    const name = textOf(row?.name);
    if (row === undefined || id === undefined || name === undefined) {
      garbled = true;
      return [];
    }
    return [{ id, name: plainText(name, 200), health: componentHealth(row.status) }];
  });
  return { components, garbled };
}

function readIncident(raw: unknown, maintenance: boolean): readonly PageIncident[] {
  const row = fieldsOf(raw);
  const id = idOf(row?.id);
  const title = textOf(row?.name);
  if (row === undefined || id === undefined || title === undefined || isTrial(title)) return [];
  const updates = rowsOf(row.incident_updates);
  const newest = newestOf(updates, saidMs);
  const lifecycle = lifecycleOf(row.status);
  const endedMs = momentOf(row.resolved_at);
  // Announced for later: nothing is under way.
  if (maintenance && textOf(row.status) === "scheduled") return [];
  return [
    incidentOf({
      id,
      title,
      lifecycle,
      ...(endedMs !== undefined && lifecycle === "unknown" && { open: false }),
      impact: maintenance ? "maintenance" : impactClaimed(row.impact),
      components: affected(row, updates),
      startedMs: momentOf(maintenance ? row.scheduled_for : row.started_at) ?? momentOf(row.created_at),
      updatedMs: momentOf(row.updated_at),
      endedMs,
      note: textOf(newest?.body),
      url: linkOf(row.shortlink) ?? linkOf(row.url),
    }),
  ];
}

/** When the world could read it; vendors date `display_at` back. */
function saidMs(update: Fields): number {
  return momentOf(update.display_at) ?? momentOf(update.created_at) ?? 0;
}

/** Those of the incident, and those that its updates name. */
function affected({ components }: Fields, updates: readonly Fields[]): readonly string[] {
  const own = (listOf(components) ?? []).map((raw) => idOf(fieldsOf(raw)?.id));
  const told = updates.flatMap(({ affected_components: list }) =>
    (listOf(list) ?? []).map((raw) => idOf(fieldsOf(raw)?.code) ?? idOf(fieldsOf(raw)?.id)),
  );
  return [...new Set([...own, ...told].filter((id) => id !== undefined))];
}
