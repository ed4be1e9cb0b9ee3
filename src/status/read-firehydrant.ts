// FireHydrant's status pages: components without a state of their own, and incidents that give them one. Only what is not
// well is named there, so that "well" is read from incidents that must be whole.

import type { PageHealth, PageIncident, PageLifecycle } from "../core/status-page.ts";
import { type Fields, fieldsOf, idOf, listOf, momentOf, newestOf, rowsOf, textOf } from "./json-shape.ts";
import { type DocumentComponent, incidentOf, isTrial, type PageDocument } from "./page-document.ts";
import { plainText } from "./plain-text.ts";
import { worstOf } from "./words.ts";

/** What the page's own conditions stand for. */
const CLASSES: ReadonlyMap<unknown, PageHealth> = new Map<unknown, PageHealth>([
  ["OPERATIONAL", "operational"],
  ["DEGRADED", "degraded"],
  ["OFFLINE", "major_outage"],
]);
const PHASES: readonly (readonly [string, PageLifecycle])[] = [
  ["resolved", "resolved"],
  ["monitoring", "monitoring"],
  ["mitigated", "monitoring"],
  ["identified", "identified"],
];

export function isFirehydrant(body: Fields): boolean {
  return fieldsOf(body.conditions) !== undefined && "components" in body && "incidents" in body && !("page" in body);
}

interface Told {
  readonly incident: PageIncident;
  /** By the component's name. */
  readonly healths: ReadonlyMap<string, PageHealth>;
  /** Its two lists of components contradict each other, or one is not there. */
  readonly garbled: boolean;
}

export function readFirehydrant({ conditions: raw, components: parts, incidents }: Fields): PageDocument {
  const conditions = fieldsOf(raw) ?? {};
  const listed = listOf(parts);
  const rows = listOf(incidents);
  const told = (rows ?? []).flatMap((entry) => readIncident(fieldsOf(entry), conditions) ?? []);
  const open = told.filter(({ incident }) => incident.open);
  const names = (listed ?? []).map((entry) => ({ id: idOf(fieldsOf(entry)?.id), name: textOf(fieldsOf(entry)?.name) }));
  const known = new Set(names.map(({ name }) => name));
  const garbled =
    listed === undefined ||
    rows === undefined ||
    told.length < rows.length ||
    names.some(({ id, name }) => id === undefined || name === undefined) ||
    open.some((one) => one.garbled || [...one.healths.keys()].some((name) => !known.has(name)));
  const components = names.flatMap(({ id, name }): readonly DocumentComponent[] => {
    if (id === undefined || name === undefined) return [];
    const ill = open.flatMap(({ healths }) => healths.get(name) ?? []);
    const well = garbled ? "unknown" : "operational";
    return [{ id, name: plainText(name, 200), health: ill.length > 0 ? worstOf(ill) : well }];
  });
  return { backend: "firehydrant", garbled, components, incidents: told.map(({ incident }) => incident) };
}

function readIncident(row: Fields | undefined, conditions: Fields): Told | undefined {
  const title = textOf(row?.title);
  const id = idOf(row?.id);
  if (row === undefined || title === undefined || id === undefined || isTrial(title)) return undefined;
  const times = fieldsOf(row.timestamps) ?? {};
  const lifecycle = PHASES.find(([phase]) => momentOf(times[phase]) !== undefined)?.[1] ?? "investigating";
  const announced = row.severitySlug === "MAINTENANCE";
  const healthOf = (condition: unknown): PageHealth => {
    const said = textOf(condition) ?? "";
    if (said === "Maintenance" || announced) return "maintenance";
    return (Object.hasOwn(conditions, said) ? CLASSES.get(conditions[said]) : undefined) ?? "unknown";
  };
  const parts = rowsOf(row.components);
  const listed = new Map(parts.map(({ name, condition }) => [textOf(name) ?? "", healthOf(condition)]));
  const mapped = new Map(
    Object.entries(fieldsOf(row.componentConditions) ?? {}).map(([name, said]) => [name, healthOf(said)]),
  );
  const same = listed.size === mapped.size && [...listed].every(([name, health]) => mapped.get(name) === health);
  const healths = new Map([...mapped, ...listed]);
  const newest = newestOf(rowsOf(row.timeline), ({ occurredAt }) => momentOf(occurredAt) ?? 0);
  return {
    healths,
    garbled: !same || healths.size === 0,
    incident: incidentOf({
      id,
      title,
      lifecycle,
      impact: announced ? "maintenance" : worstOf([...healths.values()]),
      components: parts.flatMap((part) => idOf(part.id) ?? []),
      startedMs: momentOf(times.started) ?? momentOf(times.detected),
      updatedMs: momentOf(newest?.occurredAt),
      endedMs: momentOf(times.resolved),
      note: textOf(fieldsOf(newest?.details)?.note),
    }),
  };
}
