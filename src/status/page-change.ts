// What is new on a page since its last reading, as the one fact that goes on the stream. Pure.

import type { PageChange, PageIncident, PageReading } from "../core/status-page.ts";

const TOLD_MAX = 50;

/** `undefined`: it says what it said. `before` absent: it is read for the first time. */
export function pageChange(
  before: PageReading | undefined,
  after: PageReading,
  nowMs: number,
): Omit<PageChange, "type"> | undefined {
  const first = before?.fetchedMs === undefined;
  const incidents = changedIncidents(before?.incidents ?? [], after, nowMs);
  const same =
    before !== undefined &&
    before.health === after.health &&
    before.state === after.state &&
    before.backend === after.backend;
  if (same && incidents.length === 0) return undefined;
  return {
    provider: after.provider,
    page: after.page,
    backend: after.backend,
    from: before?.health ?? "unknown",
    health: after.health,
    state: after.state,
    incidents: incidents.slice(0, TOLD_MAX),
    first,
  };
}

function changedIncidents(before: readonly PageIncident[], after: PageReading, nowMs: number): readonly PageIncident[] {
  const known = new Map(before.map((incident) => [incident.id, incident]));
  const changed = after.incidents.filter((incident) => {
    const was = known.get(incident.id);
    // One that was over before it was ever seen is no news, but it is told: some are only posted when they are over.
    return was === undefined || fingerprintOf(was) !== fingerprintOf(incident);
  });
  if (after.state !== "ok") return changed;
  const listed = new Set(after.incidents.map(({ id }) => id));
  // Most pages list what is open alone: what is gone has ended.
  const gone = before.filter(({ id, open }) => open && !listed.has(id));
  return [
    ...changed,
    ...gone.map((incident) => ({ ...incident, open: false, lifecycle: "resolved" as const, endedMs: nowMs })),
  ];
}

function fingerprintOf({ title, lifecycle, open, impact, note, surfaces, models }: PageIncident): string {
  return JSON.stringify([title, lifecycle, open, impact, note, surfaces, models]);
}
