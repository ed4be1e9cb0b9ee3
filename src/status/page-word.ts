// What a reading means to belief: how its API is said to stand, for which models, and what is open about it. Web, console,
// logins and billing are left behind here; what is stale, blocked or not understood says nothing. Pure.

import type { PageWord } from "../core/cell.ts";
import type { PageIncident, PageReading } from "../core/status-page.ts";

/** A word is renewed with each reading; the slowest page is read every 18 minutes. */
export const WORD_MS = 1_200_000;

/** `undefined`: nothing that belief may take. `nowMs` is on `Clock`. */
export function pageWord(reading: PageReading, nowMs: number): PageWord | undefined {
  if (reading.state !== "ok" || reading.health === "unknown") return undefined;
  const open = reading.incidents.filter((incident) => incident.open && incident.impact !== "maintenance");
  const ours = open.filter(({ surfaces }) => surfaces.includes("api"));
  const spared = ours.length === 0 && open.some((incident) => sparesApi(incident, reading));
  const named = ours.map(({ models }) => models);
  const [newest] = ours;
  return {
    health: spared ? "operational" : reading.health,
    // One of them that names none is about all.
    models: named.some((models) => models.length === 0) ? [] : [...new Set(named.flat())],
    ...(newest && { incident: shown(newest) }),
    ...(ours.length > 0 && ours.every(({ lifecycle }) => lifecycle === "monitoring") && { easing: true as const }),
    untilMs: nowMs + WORD_MS,
  };
}

/** It lists the API and says in words that calls are not concerned. */
function sparesApi({ components }: PageIncident, reading: PageReading): boolean {
  const api = new Set(reading.components.filter(({ surface }) => surface === "api").map(({ id }) => id));
  return components.some((id) => api.has(id));
}

function shown({ id, title, url, startedMs }: PageIncident): NonNullable<PageWord["incident"]> {
  return { id, title, ...(url !== undefined && { url }), ...(startedMs !== undefined && { startedMs }) };
}
