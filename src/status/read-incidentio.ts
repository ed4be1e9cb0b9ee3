// incident.io's own form: what the page itself reads (`/proxy/HOST`, `/proxy/HOST/incidents`) and its widget API. Only what
// is not well has a state there, so "well" is read from a list that must be whole.

import type { PageHealth, PageIncident } from "../core/status-page.ts";
import { type Fields, fieldsOf, idOf, linkOf, listOf, momentOf, newestOf, rowsOf, textOf } from "./json-shape.ts";
import { type DocumentComponent, incidentOf, isTrial, type PageDocument } from "./page-document.ts";
import { plainText } from "./plain-text.ts";
import { componentHealth, isOver, lifecycleOf, worstOf } from "./words.ts";

export function isIncidentioSummary(body: Fields): boolean {
  const summary = fieldsOf(body.summary);
  return summary !== undefined && ("components" in summary || "affected_components" in summary);
}

export function isIncidentioIncidents(body: Fields): boolean {
  const first = fieldsOf(listOf(body.incidents)?.[0]);
  return first !== undefined && ("component_impacts" in first || "status_page_id" in first);
}

export function isIncidentioWidget(body: Fields): boolean {
  return "ongoing_incidents" in body && "in_progress_maintenances" in body;
}

export function readIncidentioSummary({ summary: raw }: Fields): PageDocument {
  const summary = fieldsOf(raw) ?? {};
  const listed = listOf(summary.components);
  const ongoing = listOf(summary.ongoing_incidents);
  const states = statesOf(summary.affected_components);
  // Without either list nothing can be said of the components that are in neither.
  let garbled = listed === undefined || states === undefined || ongoing === undefined;
  const healths = new Map(states?.healths);
  garbled ||= states?.garbled === true;
  const incidents = (ongoing ?? []).flatMap((entry) => readIncident(entry) ?? []);
  garbled ||= incidents.length < (ongoing?.length ?? 0);
  for (const { incident, impacts } of incidents) {
    if (incident.open && impacts.size === 0 && healths.size === 0) garbled = true;
    for (const [id, health] of impacts) healths.set(id, worstOf([health, healths.get(id) ?? health]));
  }
  const components = (listed ?? []).flatMap((entry): readonly DocumentComponent[] => {
    const row = fieldsOf(entry);
    const id = idOf(row?.id);
    const name = textOf(row?.name);
    if (id === undefined || name === undefined) {
      garbled = true;
      return [];
    }
    return [{ id, name: plainText(name, 200), health: healths.get(id) ?? "operational" }];
  });
  const known = new Set(components.map(({ id }) => id));
  if ([...healths.keys()].some((id) => !known.has(id))) garbled = true;
  const under = (listOf(summary.in_progress_maintenances) ?? []).flatMap((entry) => readIncident(entry) ?? []);
  return {
    backend: "incidentio",
    garbled,
    components: garbled ? components.map(doubted) : components,
    incidents: [...incidents, ...under].map(({ incident }) => incident),
  };
}

/** What is told to be ill is; what is only not told to be is not known. */
function doubted(component: DocumentComponent): DocumentComponent {
  return component.health === "operational" ? { ...component, health: "unknown" } : component;
}

function statesOf(value: unknown): { healths: ReadonlyMap<string, PageHealth>; garbled: boolean } | undefined {
  const list = listOf(value);
  if (list === undefined) return undefined;
  const healths = new Map<string, PageHealth>();
  let garbled = false;
  for (const entry of list) {
    const row = fieldsOf(entry);
    const id = idOf(row?.component_id) ?? idOf(row?.id);
    if (row === undefined || id === undefined) garbled = true;
    else healths.set(id, worstOf(statusesOf(row)));
  }
  return { healths, garbled };
}

function statusesOf({ status, current_status: current }: Fields): readonly PageHealth[] {
  const told = [status, current].filter((word) => word !== undefined && word !== null);
  return told.map(componentHealth);
}

interface Read {
  readonly incident: PageIncident;
  /** Of components that it still affects. */
  readonly impacts: ReadonlyMap<string, PageHealth>;
}

function readIncident(raw: unknown): Read | undefined {
  const row = fieldsOf(raw);
  const id = idOf(row?.id);
  const title = textOf(row?.name);
  if (row === undefined || id === undefined || title === undefined || isTrial(title)) return undefined;
  const updates = rowsOf(row.updates);
  const newest = newestOf(updates, ({ published_at: at }) => momentOf(at) ?? 0);
  const spans = rowsOf(row.component_impacts);
  const lifecycle = lifecycleOf(row.status);
  const starts = spans.flatMap(({ start_at: at }) => momentOf(at) ?? []);
  const ends = spans.flatMap(({ end_at: at }) => momentOf(at) ?? []);
  const impacts = new Map(statesOf(row.affected_components)?.healths);
  for (const { component_id: component, status, end_at: end } of spans) {
    const of = idOf(component);
    if (of !== undefined && momentOf(end) === undefined) impacts.set(of, componentHealth(status));
  }
  const over = isOver(lifecycle);
  const worst = componentHealth(row.current_worst_impact);
  const open = over ? [] : [...impacts.values()].filter((health) => health !== "operational");
  const incident = incidentOf({
    id,
    title,
    lifecycle,
    impact: row.type === "maintenance" ? "maintenance" : worst === "unknown" ? worstOf(open) : worst,
    components: [...new Set([...impacts.keys(), ...spans.flatMap(({ component_id: of }) => idOf(of) ?? [])])],
    startedMs: starts.length > 0 ? Math.min(...starts) : momentOf(row.published_at),
    updatedMs: momentOf(newest?.published_at) ?? momentOf(row.last_update_at),
    endedMs: over && ends.length > 0 ? Math.max(...ends) : undefined,
    note: textOf(newest?.message_string) ?? textOf(row.last_update_message),
    url: linkOf(row.url),
  });
  return { incident, impacts: over ? new Map() : impacts };
}

export function readIncidentioIncidents({ incidents }: Fields): PageDocument {
  const read = (listOf(incidents) ?? []).flatMap((raw) => readIncident(raw) ?? []);
  return { backend: "incidentio", garbled: false, incidents: read.map(({ incident }) => incident) };
}

/** The widget tells of what is affected alone: the rest it does not name, so it can prove nothing well. */
export function readIncidentioWidget(body: Fields): PageDocument {
  const ongoing = listOf(body.ongoing_incidents) ?? [];
  const components = new Map<string, DocumentComponent>();
  for (const raw of ongoing) {
    for (const entry of listOf(fieldsOf(raw)?.affected_components) ?? []) {
      const row = fieldsOf(entry);
      const id = idOf(row?.id);
      const name = textOf(row?.name);
      if (row === undefined || id === undefined || name === undefined) continue;
      components.set(id, { id, name: plainText(name, 200), health: worstOf(statusesOf(row)) });
    }
  }
  const read = [...ongoing, ...(listOf(body.in_progress_maintenances) ?? [])].flatMap((raw) => readIncident(raw) ?? []);
  return {
    backend: "incidentio",
    garbled: true,
    components: [...components.values()],
    incidents: read.map(({ incident }) => incident),
  };
}
