// From the documents of one page to what the page says: which component is the API, how it stands, what is open. Health
// comes from components alone where there are any: an incident's claimed impact, the page's headline and its colour move
// for billing, logins and app stores too.

import type { PageBackend, PageComponent, PageHealth, PageIncident, PageSurface } from "../core/status-page.ts";
import type { DocumentComponent, PageDocument } from "./page-document.ts";
import { sparesApi, surfaceOfName } from "./surfaces.ts";
import { worstOf } from "./words.ts";

/** What is said of one page, apart from when and where it was read. */
export interface PageContent {
  readonly backend: PageBackend;
  readonly health: PageHealth;
  readonly components: readonly PageComponent[];
  readonly incidents: readonly PageIncident[];
}

/** Surfaces by component id, from the catalog. Where one of its ids is on the page, names decide nothing. */
export type Surfaces = Readonly<Record<string, PageSurface>>;

const ENDED_SHOWN_MS = 86_400_000;
const INCIDENTS_MAX = 50;
const COMPONENTS_MAX = 500;

/** `documents`: of one page, the one that tells how it stands now first; never empty. */
export function assemble(documents: readonly PageDocument[], surfaces: Surfaces, nowMs: number): PageContent {
  const components = mergedComponents(documents, surfaces);
  const incidents = mergedIncidents(documents, components, nowMs);
  return {
    backend: documents[0]?.backend ?? "unknown",
    health: healthOf(documents, components, surfaces),
    components: components.slice(0, COMPONENTS_MAX),
    incidents,
  };
}

function mergedComponents(documents: readonly PageDocument[], surfaces: Surfaces): readonly PageComponent[] {
  const byId = new Map<string, DocumentComponent>();
  for (const { components } of documents) {
    for (const component of components ?? []) if (!byId.has(component.id)) byId.set(component.id, component);
  }
  const known = [...byId.keys()].some((id) => Object.hasOwn(surfaces, id));
  return [...byId.values()].map(({ id, name, health }) => {
    const surface = Object.hasOwn(surfaces, id) ? surfaces[id] : undefined;
    return { id, name, health, surface: surface ?? (known ? notApi(surfaceOfName(name)) : surfaceOfName(name)) };
  });
}

/** A component that the catalog does not know is not the API of a page whose API it does know. */
function notApi(surface: PageSurface): PageSurface {
  return surface === "api" ? "other" : surface;
}

function healthOf(
  documents: readonly PageDocument[],
  components: readonly PageComponent[],
  surfaces: Surfaces,
): PageHealth {
  const garbled = documents.some((document) => document.garbled);
  const doubt: readonly PageHealth[] = garbled ? ["unknown"] : [];
  if (!documents.some((document) => document.components !== undefined)) {
    return worstOf([...documents.flatMap(({ verdict }) => verdict ?? []), ...doubt]);
  }
  const api = components.filter(({ surface }) => surface === "api");
  const wanted = Object.entries(surfaces).filter(([, surface]) => surface === "api");
  const present = wanted.filter(([id]) => components.some((component) => component.id === id));
  // Where some of its ids are there, one that is not is missing; where none is, the vendor has moved and names count.
  const missing = present.length > 0 && present.length < wanted.length;
  if (api.length === 0) return "unknown";
  return worstOf([...api.map(({ health }) => health), ...doubt, ...(missing ? (["unknown"] as const) : [])]);
}

function mergedIncidents(
  documents: readonly PageDocument[],
  components: readonly PageComponent[],
  nowMs: number,
): readonly PageIncident[] {
  const surfaceOf = new Map(components.map(({ id, surface }) => [id, surface]));
  const byId = new Map<string, PageIncident>();
  // Where two documents tell of one incident, the one that saw more of it is believed.
  for (const { incidents } of documents) {
    for (const incident of incidents ?? []) {
      const before = byId.get(incident.id);
      if (before === undefined || (incident.updatedMs ?? 0) > (before.updatedMs ?? 0)) byId.set(incident.id, incident);
    }
  }
  return [...byId.values()]
    .filter(({ open, endedMs, updatedMs }) => open || nowMs - (endedMs ?? updatedMs ?? 0) < ENDED_SHOWN_MS)
    .map((incident) => ({ ...incident, surfaces: surfacesOf(incident, surfaceOf) }))
    .sort((a, b) => Number(b.open) - Number(a.open) || (b.startedMs ?? 0) - (a.startedMs ?? 0))
    .slice(0, INCIDENTS_MAX);
}

function surfacesOf(incident: PageIncident, surfaceOf: ReadonlyMap<string, PageSurface>): readonly PageSurface[] {
  const told = incident.components.flatMap((id) => surfaceOf.get(id) ?? []);
  const surfaces = told.length > 0 ? [...new Set(told)] : incident.surfaces;
  return sparesApi(`${incident.title}. ${incident.note ?? ""}`)
    ? surfaces.filter((surface) => surface !== "api")
    : surfaces;
}
