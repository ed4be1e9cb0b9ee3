// Status.io's public API (`https://api.status.io/1.0/status/PAGE`): components with codes, incidents by their messages.
// https://statusio.docs.apiary.io: "Status codes".

import type { PageHealth, PageIncident, PageLifecycle } from "../core/status-page.ts";
import { type Fields, fieldsOf, idOf, listOf, momentOf, newestOf, rowsOf, textOf } from "./json-shape.ts";
import { type DocumentComponent, incidentOf, isTrial, type PageDocument } from "./page-document.ts";
import { plainText } from "./plain-text.ts";

/** 600 is a security event: it says nothing of whether calls are answered. */
const HEALTH: ReadonlyMap<unknown, PageHealth> = new Map<unknown, PageHealth>([
  [100, "operational"],
  [200, "maintenance"],
  [300, "degraded"],
  [400, "partial_outage"],
  [500, "major_outage"],
]);
const LIFECYCLE: ReadonlyMap<unknown, PageLifecycle> = new Map<unknown, PageLifecycle>([
  [100, "investigating"],
  [200, "identified"],
  [300, "monitoring"],
  [400, "resolved"],
]);

export function isStatusio(body: Fields): boolean {
  return fieldsOf(fieldsOf(body.result)?.status_overall) !== undefined;
}

export function readStatusio({ result: raw }: Fields): PageDocument {
  const { status, incidents, maintenance } = fieldsOf(raw) ?? {};
  const listed = listOf(status);
  const open = listOf(incidents);
  const components = (listed ?? []).flatMap((entry) => readComponent(fieldsOf(entry)) ?? []);
  const told = (open ?? []).flatMap((entry) => readIncident(fieldsOf(entry), false) ?? []);
  const under = (listOf(fieldsOf(maintenance)?.active) ?? []).flatMap(
    (entry) => readIncident(fieldsOf(entry), true) ?? [],
  );
  return {
    backend: "statusio",
    garbled: listed === undefined || open === undefined || components.length < listed.length,
    components,
    incidents: [...told, ...under],
  };
}

function readComponent(row: Fields | undefined): DocumentComponent | undefined {
  const id = idOf(row?.id);
  const name = textOf(row?.name);
  if (row === undefined || id === undefined || name === undefined) return undefined;
  return { id, name: plainText(name, 200), health: HEALTH.get(row.status_code) ?? "unknown" };
}

function readIncident(row: Fields | undefined, maintenance: boolean): PageIncident | undefined {
  const title = textOf(row?.name);
  const id = idOf(row?._id) ?? idOf(row?.id);
  if (row === undefined || title === undefined || id === undefined || isTrial(title)) return undefined;
  const newest = newestOf(rowsOf(row.messages), ({ datetime }) => momentOf(datetime) ?? 0);
  const lifecycle = LIFECYCLE.get(newest?.state) ?? "unknown";
  return incidentOf({
    id,
    title,
    // States of maintenance have other meanings: what is in that list is under way.
    lifecycle: maintenance ? "identified" : lifecycle,
    impact: maintenance ? "maintenance" : (HEALTH.get(newest?.status) ?? "unknown"),
    components: rowsOf(row.components_affected).flatMap((one) => idOf(one._id) ?? idOf(one.id) ?? []),
    regions: rowsOf(row.containers_affected).flatMap(({ name }) => textOf(name) ?? []),
    startedMs: momentOf(maintenance ? row.datetime_planned_start : row.datetime_open) ?? momentOf(row.datetime_open),
    updatedMs: momentOf(newest?.datetime),
    note: textOf(newest?.details),
  });
}
